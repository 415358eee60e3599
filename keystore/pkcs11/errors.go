package pkcs11

import (
	"context"
	"errors"
	"fmt"

	"tanba/keystore"
	"tanba/keystore/pkcs11/wire"
)

// action is what is done about a code before anybody is told (tokens.md 6.6).
type action int

const (
	stop    action = iota
	reopen         // the session is lost, the token is well: open one, find the key again, once more
	renew          // token or driver failed: the same, and after that a new helper
	forget         // the token is gone: handles and PIN are dropped
	shorten        // too many sessions: close own ones, once more
)

// meaning is a row of the table: what the caller is told, what is done first,
// and the name of the code.
type meaning struct {
	err    error
	action action
	name   string
}

var meanings = map[uint64]meaning{
	ckrPINIncorrect:  {keystore.ErrWrongPassword, stop, "PIN_INCORRECT"},
	ckrPINLocked:     {keystore.ErrPINLocked, stop, "PIN_LOCKED"},
	ckrPINInvalid:    {keystore.ErrPINFormat, stop, "PIN_INVALID"},
	ckrPINLength:     {keystore.ErrPINFormat, stop, "PIN_LEN_RANGE"},
	ckrPINExpired:    {keystore.ErrPINUnset, stop, "PIN_EXPIRED"},
	ckrUserPINNotSet: {keystore.ErrPINUnset, stop, "USER_PIN_NOT_INITIALIZED"},
	wire.CodeNoPIN:   {keystore.ErrTokenFailed, stop, "no PIN is held"},
	wire.CodeRequest: {keystore.ErrTokenFailed, stop, "request not understood"},
	wire.CodeLoad:    {keystore.ErrTokenFailed, stop, "library not loaded"},
	wire.CodeNoCgo:   {keystore.ErrTokenFailed, stop, "helper without cgo"},
	ckrAlreadyLoggedIn: {keystore.ErrTokenFailed, stop,
		"USER_ALREADY_LOGGED_IN"},

	ckrTokenNotPresent:    {keystore.ErrTokenGone, forget, "TOKEN_NOT_PRESENT"},
	ckrDeviceRemoved:      {keystore.ErrTokenGone, forget, "DEVICE_REMOVED"},
	ckrTokenNotRecognized: {keystore.ErrTokenGone, forget, "TOKEN_NOT_RECOGNIZED"},
	ckrSlotID:             {keystore.ErrTokenGone, forget, "SLOT_ID_INVALID"},

	ckrSessionHandle:   {keystore.ErrTokenFailed, reopen, "SESSION_HANDLE_INVALID"},
	ckrSessionClosed:   {keystore.ErrTokenFailed, reopen, "SESSION_CLOSED"},
	ckrNotLoggedIn:     {keystore.ErrTokenFailed, reopen, "USER_NOT_LOGGED_IN"},
	ckrObjectHandle:    {keystore.ErrTokenFailed, reopen, "OBJECT_HANDLE_INVALID"},
	ckrKeyHandle:       {keystore.ErrTokenFailed, reopen, "KEY_HANDLE_INVALID"},
	ckrOperationActive: {keystore.ErrTokenFailed, reopen, "OPERATION_ACTIVE"},

	ckrDeviceError:    {keystore.ErrTokenFailed, renew, "DEVICE_ERROR"},
	ckrFunctionFailed: {keystore.ErrTokenFailed, renew, "FUNCTION_FAILED"},
	ckrGeneral:        {keystore.ErrTokenFailed, renew, "GENERAL_ERROR"},
	ckrCryptokiNotInit: {keystore.ErrTokenFailed, renew,
		"CRYPTOKI_NOT_INITIALIZED"},

	ckrDeviceMemory: {keystore.ErrTokenBusy, shorten, "DEVICE_MEMORY"},
	ckrSessionCount: {keystore.ErrTokenBusy, shorten, "SESSION_COUNT"},
	ckrHostMemory:   {keystore.ErrTokenFailed, renew, "HOST_MEMORY"},

	ckrMechanism:   {keystore.ErrMechanism, stop, "MECHANISM_INVALID"},
	ckrKeyType:     {keystore.ErrMechanism, stop, "KEY_TYPE_INCONSISTENT"},
	ckrKeyFunction: {keystore.ErrMechanism, stop, "KEY_FUNCTION_NOT_PERMITTED"},

	ckrFunctionCanceled: {context.Canceled, stop, "FUNCTION_CANCELED"},
	ckrCancel:           {context.Canceled, stop, "CANCEL"},
	ckrFunctionRejected: {context.Canceled, stop, "FUNCTION_REJECTED"},

	ckrAnotherLoggedIn: {keystore.ErrTokenBusy, stop, "USER_ANOTHER_ALREADY_LOGGED_IN"},

	ckrSessionReadOnly:     {keystore.ErrTokenReadOnly, stop, "SESSION_READ_ONLY"},
	ckrTokenWriteProtected: {keystore.ErrTokenReadOnly, stop, "TOKEN_WRITE_PROTECTED"},
}

// rutokenCodes are what the vendor range means in Rutoken's module, the closest
// known relative of Kaztoken's (tokens.md 4.4).
var rutokenCodes = map[uint64]string{
	1: "CORRUPTED_MAPFILE", 2: "WRONG_VERSION_FIELD", 3: "WRONG_PKCS1_ENCODING", 4: "RTPKCS11_DATA_CORRUPTED", 5: "RTPKCS11_RSF_DATA_CORRUPTED",
	6: "SM_PASSWORD_INVALID", 8: "EMITENT_KEY_BLOCKED", 10: "INAPPROPRIATE_PIN", 11: "PIN_IN_HISTORY",
}

// codeError is a code of a module as an error of package keystore.
type codeError struct {
	code uint64
	doing,
	name string
	wraps error
}

func (e *codeError) Unwrap() error { return e.wraps }

func (e *codeError) Error() string {
	return fmt.Sprintf("%v: %s: 0x%X %s", e.wraps, e.doing, e.code, e.name)
}

// codeErr returns nil for CKR_OK. doing is the function of PKCS#11.
func codeErr(doing string, code uint64) error {
	if code == ckrOK {
		return nil
	}
	m := meaningOf(code)
	return &codeError{code: code, doing: doing, name: m.name, wraps: m.err}
}

func meaningOf(code uint64) meaning {
	if m, ok := meanings[code]; ok {
		return m
	}
	if code >= ckrVendor && code < 1<<32 {
		m := meaning{keystore.ErrTokenFailed, stop, "code of the vendor"}
		if name := rutokenCodes[code-ckrVendor]; name != "" {
			m.name += ", in Rutoken's modules " + name
		}
		if code == ckrVendor+10 || code == ckrVendor+11 {
			m.err = keystore.ErrPINUnset
		}
		return m
	}
	return meaning{keystore.ErrTokenFailed, stop, "unexpected"}
}

// codeOf returns the code inside an error, 0 when there is none.
func codeOf(err error) uint64 {
	var e *codeError
	if errors.As(err, &e) {
		return e.code
	}
	return ckrOK
}

// helperErr is an error of process.call for the caller: that of ctx as it is.
func helperErr(err error) error {
	if errors.Is(err, errHelper) {
		return fmt.Errorf("%w: %w", keystore.ErrTokenFailed, err)
	}
	return err
}
