// The token as the calls see it: one object for the process, used under one
// lock.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"

// Rv is how a call ends early.
struct Rv {
	CK_RV code;
};
inline void require(bool good, CK_RV otherwise) {
	if (!good) throw Rv{otherwise};
}

// Operation is a signature between C_SignInit and C_Sign.
struct Operation {
	CK_MECHANISM_TYPE mechanism;
	CK_OBJECT_HANDLE key;
	bool allowed; // a key that asks each time was given the PIN
};

struct Session {
	CK_ULONG slot; // index
	bool writable;
	std::optional<Operation> sign;
	std::optional<std::vector<CK_OBJECT_HANDLE>> found;
};

class Token {
public:
	Config config;
	State state;
	std::mutex lock;
	std::string detail; // what the log says of the call under way

	bool initialised = false;
	std::map<CK_SESSION_HANDLE, Session> sessions;
	std::map<CK_ULONG, bool> loggedIn; // by slot index

	// enter reads configuration and state and does what every call does first.
	void enter(const std::string &name);
	// fault is the code that the configuration wants from this call, or CKR_OK.
	CK_RV fault(const std::string &name);

	// Slots. Index counts slots, those without a token last; ID is what callers see.
	CK_ULONG slots() const { return tokens() + config.number("empty"); }
	CK_ULONG tokens() const { return config.number("slots", 1); }
	CK_ULONG id(CK_ULONG index) const { return config.number("slotbase", 7) + index; }
	CK_ULONG index(CK_SLOT_ID id) const;
	bool present(CK_ULONG index) const;
	std::vector<CK_SLOT_ID> list(bool withToken, bool onlySize);

	Session &session(CK_SESSION_HANDLE handle);
	CK_SESSION_HANDLE open(CK_ULONG index, bool writable);
	void close(CK_SESSION_HANDLE handle);
	void closeAll(CK_ULONG index);
	bool sees(const Session &s, const Object &o);

	void tryPIN(CK_ULONG index, const CK_BYTE *pin, CK_ULONG size);

private:
	CK_SESSION_HANDLE nextSession = 1;
	CK_ULONG generation = 0; // of the token in the reader
	bool wasPresent = true;
	bool listed = false;
	bool listedPresent = false;
	CK_ULONG listedBase = 0;

	void notice();
};

Token &token();

// call runs one function of the interface: the gates first, then f.
template <class F> CK_RV call(const char *name, F f) {
	Token &t = token();
	std::unique_lock<std::mutex> alone(t.lock, std::try_to_lock);
	const bool crowded = !alone.owns_lock();
	if (crowded) alone.lock();
	CK_RV rv = CKR_OK;
	t.detail.clear();
	try {
		t.enter(name);
		rv = t.fault(name);
		if (rv == CKR_OK) f(t);
	} catch (const Rv &early) {
		rv = early.code;
	} catch (const std::exception &e) {
		t.detail = e.what();
		rv = CKR_FUNCTION_FAILED;
	}
	if (crowded) t.detail += " CROWDED";
	logCall(name, rv, t.detail);
	return rv;
}

// The groups of functions fill their part of the table.
void fillGeneral(CK_FUNCTION_LIST &list);
void fillSessions(CK_FUNCTION_LIST &list);
void fillObjects(CK_FUNCTION_LIST &list);
void fillKeys(CK_FUNCTION_LIST &list);
