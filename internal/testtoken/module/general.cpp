// What is said of the module, its slots and tokens.
#include <algorithm>
#include <cstring>

#include "keys.hpp"
#include "token.hpp"

template <size_t n> static void pad(CK_UTF8CHAR (&field)[n], const std::string &text) {
	memset(field, ' ', n);
	memcpy(field, text.data(), std::min(n, text.size()));
}

static CK_RV initialize(void *arguments) {
	return call("C_Initialize", [&](Token &t) {
		require(!t.initialised, CKR_CRYPTOKI_ALREADY_INITIALIZED);
		require(arguments == nullptr || !t.config.on("cantlock"), CKR_CANT_LOCK);
		t.detail = arguments ? "locking" : "alone";
		t.initialised = true;
		require(!t.config.on("already"), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	});
}

static CK_RV finalize(void *) {
	return call("C_Finalize", [](Token &t) {
		t.initialised = false;
		t.sessions.clear();
		t.loggedIn.clear();
	});
}

static CK_RV getInfo(CK_INFO *info) {
	return call("C_GetInfo", [&](Token &t) {
		*info = CK_INFO{};
		info->cryptokiVersion = {2, 40};
		pad(info->manufacturerID, "Tanba tests");
		pad(info->libraryDescription, t.config.text("description", "Test token on Botan"));
		info->libraryVersion = {CK_BYTE(t.config.number("version", 1)), 7};
	});
}

static CK_RV getSlotList(CK_BBOOL withToken, CK_SLOT_ID *slots, CK_ULONG *count) {
	return call("C_GetSlotList", [&](Token &t) {
		const auto list = t.list(withToken, slots == nullptr);
		const CK_ULONG room = *count;
		*count = list.size();
		if (!slots) return;
		require(room >= list.size(), CKR_BUFFER_TOO_SMALL);
		std::copy(list.begin(), list.end(), slots);
	});
}

static CK_RV getSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info) {
	return call("C_GetSlotInfo", [&](Token &t) {
		const CK_ULONG i = t.index(slot);
		*info = CK_SLOT_INFO{};
		pad(info->slotDescription, "Test reader " + std::to_string(i));
		pad(info->manufacturerID, "Tanba tests");
		info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | (t.present(i) ? CKF_TOKEN_PRESENT : 0);
	});
}

static CK_FLAGS tokenFlags(const Token &t) {
	CK_FLAGS flags = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;
	const std::string pin = t.config.text("pinstate");
	if (pin != "unset") flags |= CKF_USER_PIN_INITIALIZED;
	if (pin == "change") flags |= CKF_USER_PIN_TO_BE_CHANGED;
	if (t.config.on("readonly")) flags |= CKF_WRITE_PROTECTED;
	if (t.config.on("pinpad")) flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (t.config.on("noflags")) return flags;
	if (t.state.left < 5) flags |= CKF_USER_PIN_COUNT_LOW;
	if (t.state.left == 1) flags |= CKF_USER_PIN_FINAL_TRY;
	if (t.state.left == 0) flags |= CKF_USER_PIN_LOCKED;
	return flags;
}

static CK_RV getTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
	return call("C_GetTokenInfo", [&](Token &t) {
		const CK_ULONG i = t.index(slot);
		require(t.present(i), CKR_TOKEN_NOT_PRESENT);
		const std::string n = i ? "." + std::to_string(i) : "";
		*info = CK_TOKEN_INFO{};
		pad(info->label, t.config.text("label" + n, "Test token" + n));
		pad(info->manufacturerID, "Tanba tests");
		pad(info->model, t.config.text("model" + n, "Botan" + n));
		pad(info->serialNumber, t.config.text("serial", "00c0ffee"));
		info->flags = tokenFlags(t);
		info->ulMaxSessionCount = t.config.number("sessions", CK_EFFECTIVELY_INFINITE);
		info->ulMaxRwSessionCount = t.config.number("sessions", CK_EFFECTIVELY_INFINITE);
		info->ulSessionCount = info->ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
		info->ulMinPinLen = t.config.number("pinmin", 4);
		info->ulMaxPinLen = t.config.number("pinmax", 32);
		info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
		info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
		info->hardwareVersion = {2, 0};
		info->firmwareVersion = {CK_BYTE(t.config.number("firmware", 3)), 1};
	});
}

static const CK_MECHANISM_TYPE mechanisms[] = {
	CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, CKM_GOSTR3410_KEY_PAIR_GEN, CKM_GOSTR3410, CKM_GOSTR3410_512_KEY_PAIR_GEN, CKM_GOSTR3410_512,
};

static CK_RV getMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *count) {
	return call("C_GetMechanismList", [&](Token &t) {
		require(t.present(t.index(slot)), CKR_TOKEN_NOT_PRESENT);
		const CK_ULONG room = *count, all = std::size(mechanisms);
		*count = t.config.on("onlyrsa") ? 2 : all;
		if (!types) return;
		require(room >= *count, CKR_BUFFER_TOO_SMALL);
		std::copy(mechanisms, mechanisms + *count, types);
	});
}

static CK_RV getMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info) {
	return call("C_GetMechanismInfo", [&](Token &t) {
		require(t.present(t.index(slot)), CKR_TOKEN_NOT_PRESENT);
		require(std::find(std::begin(mechanisms), std::end(mechanisms), type) != std::end(mechanisms), CKR_MECHANISM_INVALID);
		const bool rsa = type == CKM_RSA_PKCS || type == CKM_RSA_PKCS_KEY_PAIR_GEN;
		const bool makes = type == CKM_RSA_PKCS_KEY_PAIR_GEN || type == CKM_GOSTR3410_KEY_PAIR_GEN || type == CKM_GOSTR3410_512_KEY_PAIR_GEN;
		*info = CK_MECHANISM_INFO{rsa ? 2048UL : 256UL, rsa ? 4096UL : 512UL, CKF_HW | (makes ? CKF_GENERATE_KEY_PAIR : CKF_SIGN)};
	});
}

static CK_RV generateRandom(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size) {
	return call("C_GenerateRandom", [&](Token &t) {
		t.session(session);
		const auto octets = keys::random(size);
		std::copy(octets.begin(), octets.end(), data);
	});
}

void fillGeneral(CK_FUNCTION_LIST &list) {
	list.C_Initialize = initialize;
	list.C_Finalize = finalize;
	list.C_GetInfo = getInfo;
	list.C_GetSlotList = getSlotList;
	list.C_GetSlotInfo = getSlotInfo;
	list.C_GetTokenInfo = getTokenInfo;
	list.C_GetMechanismList = getMechanismList;
	list.C_GetMechanismInfo = getMechanismInfo;
	list.C_GenerateRandom = generateRandom;
}

// unsupported stands in for every function the token lacks.
template <class... Arguments> static CK_RV unsupported(Arguments...) {
	return call("unsupported", [](Token &) { throw Rv{CKR_FUNCTION_NOT_SUPPORTED}; });
}

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
	static CK_FUNCTION_LIST functions = [] {
		CK_FUNCTION_LIST f{};
		f.version = {2, 40};
#define CK_PKCS11_FUNCTION_INFO(name) f.name = unsupported;
#include <pkcs11f.h>
#undef CK_PKCS11_FUNCTION_INFO
		f.C_GetFunctionList = C_GetFunctionList;
		fillGeneral(f);
		fillSessions(f);
		fillObjects(f);
		fillKeys(f);
		return f;
	}();
	*list = &functions;
	return CKR_OK;
}
