package protocol

// applet is the module kz.gov.pki.knca.applet.Applet, and every request without
// a module. The original switched it off in October 2024: pages pass the
// password of the key in clear. Off is the only state so far.
type applet struct{}

func (applet) module() string { return "kz.gov.pki.knca.applet.Applet" }

func (applet) decode(c *Call, _ *value) {
	if c.Method == "" {
		c.answer = []byte(`{"errorCode":"COMMON"}`)
		return
	}
	c.answer = appendString([]byte(`{"errorCode":`), "Method not implemented. Method:"+c.Method)
	c.answer = append(c.answer, '}')
}

func (applet) appendReply(*Call, *output, Result, error) {}
