package protocol

type basics struct{}

func (basics) module() string                                            { return "kz.gov.pki.knca.basics" }
func (basics) decode(c *Call, request *value)                            { c.answer = []byte(moduleNotFound) }
func (basics) appendReply(_ *Call, dst []byte, _ Result, _ error) []byte { return dst }
