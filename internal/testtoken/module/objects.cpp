// Objects: finding, reading, making, removing.
#include <algorithm>
#include <cstring>
#include <optional>

#include "keys.hpp"
#include "token.hpp"

// shown is an attribute as the quirks let callers see it.
static std::optional<Bytes> shown(const Token &t, const Object &o, CK_ULONG type) {
	const CK_ULONG kind = o.number(CKA_CLASS);
	const bool certificate = kind == CKO_CERTIFICATE;
	if (type == ulSecret) return std::nullopt;
	if (type == CKA_ALWAYS_AUTHENTICATE && kind == CKO_PRIVATE_KEY && !t.config.on("strictattributes")) return Bytes{CK_BYTE(t.config.on("alwaysauth"))};
	if (type == CKA_ID && certificate && t.config.on("nocertid")) return t.config.on("strictattributes") ? std::nullopt : std::optional<Bytes>(Bytes{});
	if (type == CKA_PRIVATE && certificate && t.config.on("privatecerts")) return Bytes{1};
	const bool long512 = o.number(CKA_KEY_TYPE) == CKK_GOSTR3410_512;
	if (t.config.on("params512") && long512) {
		if (type == CKA_GOSTR3410_PARAMS) return std::nullopt;
		if (type == CKA_GOSTR3410_512_PARAMS) type = CKA_GOSTR3410_PARAMS;
	}
	const auto it = o.attributes.find(type);
	if (it == o.attributes.end()) return std::nullopt;
	Bytes value = it->second;
	if (type == CKA_VALUE && certificate && t.config.on("gzip")) value = keys::gzip(value);
	if (type == CKA_VALUE && kind == CKO_PUBLIC_KEY && t.config.on("wrapped")) {
		Bytes wrapped = {4};
		if (value.size() >= 128) wrapped.push_back(0x81);
		wrapped.push_back(CK_BYTE(value.size()));
		wrapped.insert(wrapped.end(), value.begin(), value.end());
		value = wrapped;
	}
	return value;
}

static CK_RV getAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *attributes, CK_ULONG count) {
	return call("C_GetAttributeValue", [&](Token &t) {
		const Session &s = t.session(session);
		const auto it = t.state.objects.find(handle);
		require(it != t.state.objects.end() && t.sees(s, it->second), CKR_OBJECT_HANDLE_INVALID);
		CK_RV rv = CKR_OK;
		for (CK_ULONG i = 0; i < count; i++) {
			CK_ATTRIBUTE &a = attributes[i];
			const auto value = shown(t, it->second, a.type);
			if (!value) {
				a.ulValueLen = CK_UNAVAILABLE_INFORMATION;
				// What a key keeps to itself is sensitive; all else it lacks.
				rv = it->second.number(CKA_CLASS) == CKO_PRIVATE_KEY && a.type == CKA_VALUE ? CKR_ATTRIBUTE_SENSITIVE : CKR_ATTRIBUTE_TYPE_INVALID;
			} else if (!a.pValue) {
				a.ulValueLen = value->size();
			} else if (a.ulValueLen < value->size()) {
				a.ulValueLen = CK_UNAVAILABLE_INFORMATION;
				rv = CKR_BUFFER_TOO_SMALL;
			} else {
				std::copy(value->begin(), value->end(), static_cast<CK_BYTE *>(a.pValue));
				a.ulValueLen = value->size();
			}
		}
		require(rv == CKR_OK, rv);
	});
}

static CK_RV findObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count) {
	return call("C_FindObjectsInit", [&](Token &t) {
		Session &s = t.session(session);
		require(!s.found, CKR_OPERATION_ACTIVE);
		s.found.emplace();
		for (const auto &[handle, o] : t.state.objects) {
			if (!t.sees(s, o)) continue;
			const bool match = std::all_of(templ, templ + count, [&, &object = o](const CK_ATTRIBUTE &a) {
				const auto value = shown(t, object, a.type);
				return value && value->size() == a.ulValueLen && memcmp(value->data(), a.pValue, value->size()) == 0;
			});
			if (match) s.found->push_back(handle);
		}
	});
}

static CK_RV findObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *handles, CK_ULONG most, CK_ULONG *count) {
	return call("C_FindObjects", [&](Token &t) {
		Session &s = t.session(session);
		require(s.found.has_value(), CKR_OPERATION_NOT_INITIALIZED);
		*count = std::min<CK_ULONG>(most, s.found->size());
		std::copy_n(s.found->begin(), *count, handles);
		s.found->erase(s.found->begin(), s.found->begin() + long(*count));
	});
}

static CK_RV findObjectsFinal(CK_SESSION_HANDLE session) {
	return call("C_FindObjectsFinal", [&](Token &t) {
		Session &s = t.session(session);
		require(s.found.has_value(), CKR_OPERATION_NOT_INITIALIZED);
		s.found.reset();
	});
}

static void mayWrite(Token &t, const Session &s) {
	require(s.writable, CKR_SESSION_READ_ONLY);
	require(t.loggedIn[s.slot], CKR_USER_NOT_LOGGED_IN);
}

static CK_RV createObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *templ, CK_ULONG count, CK_OBJECT_HANDLE *handle) {
	return call("C_CreateObject", [&](Token &t) {
		const Session &s = t.session(session);
		mayWrite(t, s);
		Object o;
		o.slot = s.slot;
		for (CK_ULONG i = 0; i < count; i++) {
			const auto *data = static_cast<CK_BYTE *>(templ[i].pValue);
			o.attributes[templ[i].type] = Bytes(data, data + templ[i].ulValueLen);
		}
		require(o.number(CKA_CLASS) == CKO_CERTIFICATE, CKR_TEMPLATE_INCONSISTENT);
		require(o.number(CKA_CERTIFICATE_TYPE) == CKC_X_509 && o.attributes.count(CKA_VALUE) && o.attributes.count(CKA_SUBJECT), CKR_TEMPLATE_INCOMPLETE);
		t.state.change([&](State &st) { *handle = st.add(o); });
	});
}

static CK_RV destroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
	return call("C_DestroyObject", [&](Token &t) {
		const Session &s = t.session(session);
		mayWrite(t, s);
		const auto it = t.state.objects.find(handle);
		require(it != t.state.objects.end() && t.sees(s, it->second), CKR_OBJECT_HANDLE_INVALID);
		t.state.change([&](State &st) { st.objects.erase(handle); });
	});
}

static CK_RV setAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *templ, CK_ULONG count) {
	return call("C_SetAttributeValue", [&](Token &t) {
		const Session &s = t.session(session);
		mayWrite(t, s);
		const auto it = t.state.objects.find(handle);
		require(it != t.state.objects.end() && t.sees(s, it->second), CKR_OBJECT_HANDLE_INVALID);
		for (CK_ULONG i = 0; i < count; i++) require(templ[i].type == CKA_ID || templ[i].type == CKA_LABEL, CKR_ATTRIBUTE_READ_ONLY);
		t.state.change([&](State &st) {
			for (CK_ULONG i = 0; i < count; i++) {
				const auto *data = static_cast<CK_BYTE *>(templ[i].pValue);
				st.objects[handle].attributes[templ[i].type] = Bytes(data, data + templ[i].ulValueLen);
			}
		});
	});
}

void fillObjects(CK_FUNCTION_LIST &list) {
	list.C_GetAttributeValue = getAttributeValue;
	list.C_SetAttributeValue = setAttributeValue;
	list.C_FindObjectsInit = findObjectsInit;
	list.C_FindObjects = findObjects;
	list.C_FindObjectsFinal = findObjectsFinal;
	list.C_CreateObject = createObject;
	list.C_DestroyObject = destroyObject;
}
