// What the tests say: the quirks, read anew at every call, and the state of the
// token, which several processes share. Both are text files beside the module,
// found by its own path, so that no environment is needed.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cryptoki.hpp"

using Bytes = std::vector<uint8_t>;

// Config is MODULE.conf: lines of key=value. What each key does is said in the
// package comment of testtoken.
class Config {
public:
	void reload();
	std::string text(const std::string &key, const std::string &otherwise = "") const;
	CK_ULONG number(const std::string &key, CK_ULONG otherwise = 0) const;
	bool on(const std::string &key) const { return number(key) != 0; }

private:
	std::map<std::string, std::string> values;
	std::string stamp;
};

// Object is attributes by type. ulSecret is the private key, in a type that no
// caller can ask for.
struct Object {
	CK_ULONG slot = 0; // index of the slot, not its ID
	std::map<CK_ULONG, Bytes> attributes;

	bool flag(CK_ULONG type) const;
	CK_ULONG number(CK_ULONG type) const;
};
constexpr CK_ULONG ulSecret = 0xC0000001;

// State is MODULE.state: the objects, the tries that are left, the PIN's hash
// and how often each fault was used up.
class State {
public:
	std::map<CK_ULONG, Object> objects; // by handle
	std::map<std::string, CK_ULONG> counters;
	std::string pinHash;
	CK_ULONG left = 0;

	void reload();
	// change runs f on the newest state, alone among processes, and writes.
	void change(const std::function<void(State &)> &f);
	CK_ULONG add(const Object &object); // inside change only

private:
	CK_ULONG next = 1;
	std::string stamp;
	void read();
	void write() const;
};

Bytes number(CK_ULONG value);
Bytes unhex(const std::string &text);
std::string hex(const uint8_t *data, size_t size);

// modulePath is the path of this very file.
const std::string &modulePath();
// logCall appends to MODULE.log: "PID NAME RV DETAIL".
void logCall(const std::string &name, CK_RV rv, const std::string &detail);
