package protocol

// accessory is the module kz.gov.pki.ncalayerservices.accessory. Portals ask it
// which modules there are, and decide by the answer what they may call.
type accessory struct{}

func (accessory) module() string { return "kz.gov.pki.ncalayerservices.accessory" }

// Lists of NCALayer 1.4, without the third-party modules: each of those is
// added with the code that emulates it.
const (
	bundles = `{"kz.gov.pki.api.layer.NCALayerServices":"0.7.3",` +
		`"kz.gov.pki.osgi.layer.websocket":"0.4.1",` +
		`"kz.gov.pki.osgi.layer.common":"0.3.4",` +
		`"kz.gov.pki.knca.applet.knca_applet":"0.4.10",` +
		`"kz.gov.pki.kalkan.xmldsig":"0.4.0",` +
		`"kz.gov.pki.provider.knca_provider_util":"0.8.8",` +
		`"kz.gov.pki.kalkan.knca_provider_jce_kalkan":"0.7.6"}`
	services = `{"services":["kz.gov.pki.knca.commonUtils","kz.gov.pki.knca.basics",` +
		`"kz.gov.pki.ncalayerservices.accessory"]}`
	installRefused = `{"success":false,"errorCode":"MODULE_INSTALL_NOT_SUPPORTED"}`
	// methodNotFound is ours: nothing is known about other methods, and a page
	// must not wait for ever.
	methodNotFound = `{"success":false,"errorCode":"METHOD_NOT_FOUND"}`
)

func (accessory) decode(c *Call, _ *value) {
	switch c.Method {
	case "getBundles":
		c.answer = []byte(bundles)
	case "getServices":
		c.answer = []byte(services)
	case "installBundle":
		c.answer = []byte(installRefused)
	case "showSettings":
		c.Op = OpenWindow{Window: "settings"}
	case "showBundleManager":
		c.Op = OpenWindow{Window: "modules"}
	default:
		c.answer = []byte(methodNotFound)
	}
}

// appendReply: windows open without a reply.
func (accessory) appendReply(*Call, *output, Result, error) {}
