// Sessions and login.
#include "token.hpp"

static CK_RV openSession(CK_SLOT_ID slot, CK_FLAGS flags, void *, CK_NOTIFY, CK_SESSION_HANDLE *session) {
	return call("C_OpenSession", [&](Token &t) {
		require(flags & CKF_SERIAL_SESSION, CKR_SESSION_PARALLEL_NOT_SUPPORTED);
		const bool writable = flags & CKF_RW_SESSION;
		t.detail = writable ? "writable" : "";
		*session = t.open(t.index(slot), writable);
	});
}

static CK_RV closeSession(CK_SESSION_HANDLE session) {
	return call("C_CloseSession", [&](Token &t) { t.close(session); });
}

static CK_RV closeAllSessions(CK_SLOT_ID slot) {
	return call("C_CloseAllSessions", [&](Token &t) { t.closeAll(t.index(slot)); });
}

static CK_RV getSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info) {
	return call("C_GetSessionInfo", [&](Token &t) {
		const Session &s = t.session(session);
		const bool in = t.loggedIn[s.slot];
		*info = CK_SESSION_INFO{};
		info->slotID = t.id(s.slot);
		info->flags = CKF_SERIAL_SESSION | (s.writable ? CKF_RW_SESSION : 0);
		info->state = s.writable ? (in ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION) : (in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION);
	});
}

// checkPIN is one try, on the device or with the PIN of the caller.
static void checkPIN(Token &t, CK_ULONG slot, const CK_BYTE *pin, CK_ULONG size) {
	if (!t.config.on("pinpad")) {
		require(pin != nullptr, CKR_ARGUMENTS_BAD);
		t.tryPIN(slot, pin, size);
		return;
	}
	// As with opencryptoki, an empty PIN that is not NULL costs a try.
	if (pin != nullptr) {
		t.state.change([](State &s) {
			s.counters["tries"]++;
			if (s.left > 0) s.left--;
		});
		t.detail = "not on the pad";
		throw Rv{CKR_PIN_INCORRECT};
	}
	require(t.state.left > 0, CKR_PIN_LOCKED);
	const std::string typed = t.config.text("typed", "right");
	t.detail = "pad " + typed;
	require(typed != "cancel", CKR_FUNCTION_CANCELED);
	t.state.change([&](State &s) {
		s.counters["tries"]++;
		if (typed == "right")
			s.left = 5;
		else if (s.left > 0)
			s.left--;
	});
	require(typed == "right", CKR_PIN_INCORRECT);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size) {
	return call("C_Login", [&](Token &t) {
		Session &s = t.session(session);
		require(t.config.text("pinstate") != "unset", CKR_USER_PIN_NOT_INITIALIZED);
		if (user == CKU_CONTEXT_SPECIFIC) {
			// "alwaysauth=2" is a module that knows no such user.
			require(t.config.number("alwaysauth") != 2, CKR_USER_TYPE_INVALID);
			require(s.sign.has_value(), CKR_OPERATION_NOT_INITIALIZED);
			checkPIN(t, s.slot, pin, size);
			s.sign->allowed = true;
			t.detail += " context";
			return;
		}
		require(user == CKU_USER, CKR_USER_TYPE_INVALID);
		require(!t.loggedIn[s.slot], CKR_USER_ALREADY_LOGGED_IN);
		checkPIN(t, s.slot, pin, size);
		t.loggedIn[s.slot] = true;
		if (t.config.number("alwaysauth") == 2) t.state.change([](State &st) { st.counters["fresh"] = 1; });
	});
}

static CK_RV logout(CK_SESSION_HANDLE session) {
	return call("C_Logout", [&](Token &t) {
		Session &s = t.session(session);
		require(t.loggedIn[s.slot], CKR_USER_NOT_LOGGED_IN);
		t.loggedIn[s.slot] = false;
		for (auto &[handle, other] : t.sessions)
			if (other.slot == s.slot) other.sign.reset(), other.found.reset();
	});
}

void fillSessions(CK_FUNCTION_LIST &list) {
	list.C_OpenSession = openSession;
	list.C_CloseSession = closeSession;
	list.C_CloseAllSessions = closeAllSessions;
	list.C_GetSessionInfo = getSessionInfo;
	list.C_Login = login;
	list.C_Logout = logout;
}
