package doctor

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Browsers of the Chromium family, below the home directory. Snap and Flatpak
// keep their own homes.
var chromiumProfiles = []string{
	".config/chromium", ".config/google-chrome", ".config/google-chrome-beta", ".config/microsoft-edge", ".config/BraveSoftware/Brave-Browser",
	".config/yandex-browser", ".config/opera", ".config/vivaldi",
	"snap/chromium/common/chromium", ".var/app/org.chromium.Chromium/config/chromium", ".var/app/com.google.Chrome/config/google-chrome",
	"AppData/Local/Google/Chrome/User Data", "AppData/Local/Microsoft/Edge/User Data", "AppData/Local/Yandex/YandexBrowser/User Data",
	"AppData/Local/BraveSoftware/Brave-Browser/User Data",
	"Library/Application Support/Google/Chrome", "Library/Application Support/Chromium", "Library/Application Support/Microsoft Edge",
	"Library/Application Support/Yandex/YandexBrowser", "Library/Application Support/BraveSoftware/Brave-Browser",
}

var firefoxProfiles = []string{
	".config/mozilla/firefox", ".mozilla/firefox", "snap/firefox/common/.mozilla/firefox", ".var/app/org.mozilla.firefox/.mozilla/firefox",
	"AppData/Roaming/Mozilla/Firefox/Profiles", "Library/Application Support/Firefox/Profiles",
}

// policyFolders hold an administrator's decisions for browsers of the Chromium
// family.
var policyFolders = []string{
	"etc/chromium/policies/managed", "etc/opt/chrome/policies/managed", "etc/opt/edge/policies/managed", "etc/brave/policies/managed",
	"etc/opt/yandex/browser/policies/managed",
}

// blocking are the policies that keep pages from this machine.
var blocking = []string{"LoopbackNetworkBlockedForUrls", "LocalNetworkAccessBlockedForUrls"}

// Most that is read of a browser's file: Preferences of old profiles have
// megabytes.
const maxBrowserFile = 64 << 20

// lna looks for pages that the person or an administrator has denied the way to
// this machine (security.md §3), and for what the bridge has seen of it.
func (o *Options) lna(notes Notes) Finding {
	var byPolicy, origins []string
	for _, folder := range policyFolders {
		files, _ := filepath.Glob(filepath.Join(o.Root, folder, "*.json"))
		for _, file := range files {
			var policy map[string]json.RawMessage
			if readJSON(file, &policy) != nil {
				continue
			}
			for _, name := range blocking {
				var list []string
				if json.Unmarshal(policy[name], &list) == nil && len(list) > 0 {
					byPolicy = append(byPolicy, file)
				}
			}
		}
	}
	if len(byPolicy) > 0 {
		slices.Sort(byPolicy)
		return Finding{Code: LNABlocked, Variant: "policy", Args: []any{strings.Join(slices.Compact(byPolicy), ", ")}}
	}
	for _, profile := range o.profiles(chromiumProfiles) {
		origins = append(origins, deniedBy(filepath.Join(profile, "Preferences"))...)
	}
	if len(origins) > 0 {
		slices.Sort(origins)
		origins = slices.Compact(origins)
		f := Finding{Code: LNABlocked, Args: []any{strings.Join(origins, ", ")}}
		if o.Allow != nil {
			f = f.withFix(func(ctx context.Context) error { return o.Allow(ctx, origins) })
		}
		return f
	}
	return good(LNABlocked)
}

// deniedBy returns the sites whose way to this machine a profile of Chromium
// blocks. Setting 2 is "block".
func deniedBy(file string) []string {
	var preferences struct {
		Profile struct {
			ContentSettings struct {
				Exceptions map[string]map[string]struct {
					Setting int `json:"setting"`
				} `json:"exceptions"`
			} `json:"content_settings"`
		} `json:"profile"`
	}
	if readJSON(file, &preferences) != nil {
		return nil
	}
	var out []string
	for _, name := range []string{"loopback_network", "local_network_access"} {
		for pattern, e := range preferences.Profile.ContentSettings.Exceptions[name] {
			if e.Setting == 2 {
				site, _, _ := strings.Cut(pattern, ",")
				out = append(out, strings.TrimSuffix(site, ":443"))
			}
		}
	}
	return out
}

// interceptors are extensions that answer in the bridge's place: with them the
// bridge is never asked (product.md §3, fault 5).
var interceptors = []string{"doodocs", "kazeds", "ncalayer"}

func (o *Options) extensions() Finding {
	var found []string
	for _, profile := range o.profiles(chromiumProfiles) {
		manifests, _ := filepath.Glob(filepath.Join(profile, "Extensions", "*", "*", "manifest.json"))
		for _, file := range manifests {
			var m struct {
				Name      string `json:"name"`
				ShortName string `json:"short_name"`
			}
			if readJSON(file, &m) == nil && intercepts(m.Name+" "+m.ShortName) {
				found = append(found, strings.TrimSpace(m.Name))
			}
		}
	}
	for _, profile := range o.profiles(firefoxProfiles) {
		var list struct {
			Addons []struct {
				Active        bool `json:"active"`
				DefaultLocale struct {
					Name string `json:"name"`
				} `json:"defaultLocale"`
			} `json:"addons"`
		}
		if readJSON(filepath.Join(profile, "extensions.json"), &list) != nil {
			continue
		}
		for _, a := range list.Addons {
			if a.Active && intercepts(a.DefaultLocale.Name) {
				found = append(found, a.DefaultLocale.Name)
			}
		}
	}
	if len(found) == 0 {
		return good(Extension)
	}
	slices.Sort(found)
	return Finding{Code: Extension, Args: []any{strings.Join(slices.Compact(found), ", ")}}
}

// Intercepted is what is found when a browser's socket to the bridge was answered
// and the bridge never saw it.
func Intercepted() Finding { return Finding{Code: Extension, Variant: "socket"} }

func intercepts(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(interceptors, func(i string) bool { return strings.Contains(name, i) })
}

// profiles are the folders of profiles that exist.
func (o *Options) profiles(bases []string) []string {
	var out []string
	for _, base := range bases {
		entries, err := os.ReadDir(filepath.Join(o.Home, base))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() {
				out = append(out, filepath.Join(o.Home, base, e.Name()))
			}
		}
	}
	return out
}

func readJSON(file string, into any) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return json.NewDecoder(io.LimitReader(f, maxBrowserFile)).Decode(into)
}
