package protocol_test

import (
	"fmt"

	"tanba/protocol"
)

// A page asks for a signature over the octets "11\n", and the person cancels.
func ExampleDecode() {
	call := protocol.Decode([]byte(`{"module":"kz.gov.pki.knca.commonUtils",` +
		`"method":"createCAdESFromBase64","args":["PKCS12","SIGNATURE","MTEK",true]}`))
	if reply, _, ok := call.Immediate(); ok {
		fmt.Printf("%s\n", reply)
		return
	}
	op := call.Op.(protocol.SignCMS)
	fmt.Printf("%q with a key of %s\n", op.Documents[0], op.Select.Storages[0])
	fmt.Printf("%s\n", call.Reply(nil, protocol.ErrCancelled))
	// Output:
	// "11\n" with a key of PKCS12
	// {"code":"500","message":"action.canceled"}
}

// A module that is not there needs nobody.
func ExampleCall_Immediate() {
	call := protocol.Decode([]byte(`{module: "kz.digiflow.mobile.extensions", method: "getVersion"}`))
	reply, silent, ok := call.Immediate()
	fmt.Printf("%s %v %v\n", reply, silent, ok)
	// Output:
	// {"success":false,"errorCode":"MODULE_NOT_FOUND"} false true
}
