// Package protocol speaks the language of NCALayer: it turns the text frames of
// web pages into a few operations, and what came of them into reply frames. It
// does no I/O and no cryptography, and imports nothing of the program.
//
//	call := protocol.Decode(frame)
//	reply, silent, ok := call.Immediate()
//	if !ok {
//		result, err := carryOut(call.Op)
//		reply = call.Reply(result, err)
//	}
//
// # What is promised
//
// The original's answers are reproduced byte for byte where recordings of it
// exist: order of members, escapes, error texts of Java included. Where none
// exists the answer is the one that the clients in the field can read.
//
//   - One frame per request. None for a text that is not an object, for {} and
//     for the windows of the accessory module.
//   - The dialect is that of org.json: unquoted names and words, single quotes,
//     ';' for ',' between members, holes in arrays, text after the last brace.
//     Duplicate names, comments and '=' are errors.
//   - Flags may be strings ("decode":"true").
//   - A module that is not emulated is answered at once with MODULE_NOT_FOUND.
//   - What a request gets wrong is answered before anybody is asked: number and
//     types of arguments, XML that is not well-formed, base64, storage names.
//   - No answer contains a path, a name, or the text of an internal error.
//     Nothing in a request is ever taken for a password.
//   - An operation that this version cannot do ends with an error of its
//     family. No result is ever made up: an outcome that does not fit the
//     operation is an error, too.
//
// # What is different from the original
//
//   - Base64 may contain white space, and a CMS that is to be signed once more
//     may come as PEM. The original answers "Illegal base64 character".
//   - Boolean arguments of commonUtils may be the strings "true" and "false".
//   - A path is not looked at before the person has agreed.
//   - Failures after that point have one text; the original sends the text of
//     whatever was thrown.
//   - XML with a document type or a style sheet is refused, as is XML 1.1.
//   - Requests have limits: see below. Beyond them a request counts as broken.
//
// # Limits
//
// Objects and arrays may be nested 64 deep; an object has at most 256 members,
// an array 10,000 items, a request 65,536 values. XML may be 256 elements deep,
// with 1,000 attributes to an element. Strings have no limit: they are views of
// the frame, decoded where they stand, so that a request takes little memory
// beyond its own length.
package protocol
