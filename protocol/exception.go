package protocol

import (
	"errors"
	"strconv"
)

// exception is an error whose words go to the page: what the Java program says
// about a request it cannot take. commonUtils sends the message, basics the
// class and the message.
type exception struct{ class, message string }

// Error is Throwable.getMessage.
func (e *exception) Error() string { return e.message }

// String is Throwable.toString.
func (e *exception) String() string {
	if e.class == "" {
		return e.message
	}
	return e.class + ": " + e.message
}

// causeOf is cause.toString() for an exception, the text of any other error.
func causeOf(err error) string {
	var e *exception
	if errors.As(err, &e) {
		return e.String()
	}
	return err.Error()
}

func illegalArgument(message string) *exception {
	return &exception{"java.lang.IllegalArgumentException", message}
}

func jsonException(message string) *exception {
	return &exception{"org.json.JSONException", message}
}

// member names a member of an object as org.json does in its messages.
func member(key string) string { return "JSONObject[" + string(appendString(nil, key)) + "]" }

func item(i int) string { return "JSONArray[" + strconv.Itoa(i) + "]" }

func memberNotFound(key string) *exception {
	return jsonException(member(key) + " not found.")
}

func memberNotString(key string) *exception {
	return jsonException(member(key) + " not a string.")
}
