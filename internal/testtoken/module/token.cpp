#include "token.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <unistd.h>

#include "keys.hpp"

Token &token() {
	static Token *const t = new Token; // never destroyed: a module is not unloaded
	return *t;
}

void Token::enter(const std::string &name) {
	config.reload();
	state.reload();
	if (config.text("crash") == name) {
		logCall(name, CKR_GENERAL_ERROR, "crash");
		raise(SIGSEGV);
	}
	if (config.text("hang") == name) {
		logCall(name, CKR_GENERAL_ERROR, "hang");
		for (;;) pause();
	}
	if (name == "C_Sign" && config.on("signdelay")) usleep(useconds_t(config.number("signdelay")) * 1000);
	require(initialised || name == "C_Initialize" || name == "C_GetFunctionList", CKR_CRYPTOKI_NOT_INITIALIZED);
	notice();
	// A key that asks for the PIN each time wants nothing between the three calls.
	if (config.on("alwaysauth") && name != "C_Login" && name != "C_Sign")
		for (auto &[handle, s] : sessions)
			if (s.sign && name != "C_SignInit") s.sign.reset();
}

// notice ends what a removal ends: sessions and login.
void Token::notice() {
	const bool now = present(0);
	const CK_ULONG plug = config.number("plug");
	if (!now || plug != generation) {
		loggedIn.clear();
		for (auto &[handle, s] : sessions) s.sign.reset(), s.found.reset();
		if (plug != generation || (now && !wasPresent)) sessions.clear();
	}
	generation = plug;
	wasPresent = now;
}

// The faults are in the key "fault": FUNCTION:CODE:TIMES, several separated by
// spaces; TIMES 0 means always. Each is used up for all processes together.
CK_RV Token::fault(const std::string &name) {
	std::istringstream list(config.text("fault"));
	for (std::string word; list >> word;) {
		const auto first = word.find(':'), second = word.find(':', first + 1);
		if (word.substr(0, first) != name) continue;
		const CK_RV code = std::stoul(word.substr(first + 1), nullptr, 0);
		const CK_ULONG times = std::stoul(word.substr(second + 1), nullptr, 0);
		bool due = times == 0;
		if (!due)
			state.change([&](State &s) {
				due = s.counters[word] < times;
				if (due) s.counters[word]++;
			});
		if (due) {
			detail = "fault";
			return code;
		}
	}
	return CKR_OK;
}

CK_ULONG Token::index(CK_SLOT_ID slot) const {
	const CK_ULONG base = id(0);
	require(slot >= base && slot < base + slots(), CKR_SLOT_ID_INVALID);
	return slot - base;
}

bool Token::present(CK_ULONG index) const {
	if (index >= tokens() || !config.number("present", 1)) return false;
	const CK_ULONG after = config.number("unplugafter");
	const auto it = state.counters.find("signed");
	return after == 0 || it == state.counters.end() || it->second < after;
}

std::vector<CK_SLOT_ID> Token::list(bool withToken, bool onlySize) {
	// A stale cache is refreshed by a call that asks for the size, or never.
	const std::string stale = config.text("staleslots");
	const bool refresh = !listed || stale.empty() || (stale == "size" && onlySize);
	if (refresh) {
		listed = true;
		listedPresent = present(0);
		listedBase = id(0);
	}
	std::vector<CK_SLOT_ID> out;
	for (CK_ULONG i = 0; i < slots(); i++)
		if (!withToken || (i < tokens() && listedPresent)) out.push_back(listedBase + i);
	return out;
}

Session &Token::session(CK_SESSION_HANDLE handle) {
	const auto it = sessions.find(handle);
	require(it != sessions.end(), CKR_SESSION_HANDLE_INVALID);
	require(present(it->second.slot), CKR_DEVICE_REMOVED);
	return it->second;
}

CK_SESSION_HANDLE Token::open(CK_ULONG index, bool writable) {
	require(present(index), CKR_TOKEN_NOT_PRESENT);
	const CK_ULONG most = config.number("sessions");
	require(most == 0 || sessions.size() < most, CKR_SESSION_COUNT);
	require(!writable || !config.on("readonly"), CKR_TOKEN_WRITE_PROTECTED);
	if (writable && config.on("rwlogout")) loggedIn[index] = false;
	sessions[nextSession] = Session{index, writable, std::nullopt, std::nullopt};
	return nextSession++;
}

void Token::close(CK_SESSION_HANDLE handle) {
	const CK_ULONG index = session(handle).slot;
	sessions.erase(handle);
	if (std::none_of(sessions.begin(), sessions.end(), [&](const auto &s) { return s.second.slot == index; })) loggedIn[index] = false;
}

void Token::closeAll(CK_ULONG index) {
	for (auto it = sessions.begin(); it != sessions.end();) it = it->second.slot == index ? sessions.erase(it) : std::next(it);
	loggedIn[index] = false;
}

bool Token::sees(const Session &s, const Object &o) {
	if (o.slot != s.slot) return false;
	const bool hidden = o.flag(CKA_PRIVATE) || (config.on("privatecerts") && o.number(CKA_CLASS) == CKO_CERTIFICATE);
	return !hidden || loggedIn[s.slot];
}

void Token::tryPIN(CK_ULONG, const CK_BYTE *pin, CK_ULONG size) {
	require(state.left > 0, CKR_PIN_LOCKED);
	require(size >= config.number("pinmin", 4) && size <= config.number("pinmax", 32), CKR_PIN_LEN_RANGE);
	// The PIN itself is kept nowhere: a test looks for it in the memory.
	const bool right = keys::sha256(pin, size) == state.pinHash;
	state.change([&](State &s) {
		s.counters["tries"]++;
		if (right)
			s.left = 5;
		else if (s.left > 0)
			s.left--;
	});
	detail = right ? "right" : "wrong";
	require(right, state.left == 0 ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT);
}
