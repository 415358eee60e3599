#include "config.hpp"

#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sstream>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const std::string &modulePath() {
	static const std::string path = [] {
		Dl_info info{};
		dladdr(reinterpret_cast<void *>(&logCall), &info);
		return std::string(info.dli_fname);
	}();
	return path;
}

// stampOf changes whenever a file is replaced or written.
static std::string stampOf(const std::string &path) {
	struct stat s{};
	if (stat(path.c_str(), &s) != 0) return "";
	std::ostringstream out;
	out << s.st_ino << ' ' << s.st_size << ' ' << s.st_mtim.tv_sec << ' ' << s.st_mtim.tv_nsec;
	return out.str();
}

void Config::reload() {
	const std::string path = modulePath() + ".conf", now = stampOf(path);
	if (now == stamp) return;
	values.clear();
	std::ifstream in(path);
	for (std::string line; std::getline(in, line);) {
		const auto equals = line.find('=');
		if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
	}
	stamp = now;
}

std::string Config::text(const std::string &key, const std::string &otherwise) const {
	const auto it = values.find(key);
	return it == values.end() ? otherwise : it->second;
}

CK_ULONG Config::number(const std::string &key, CK_ULONG otherwise) const {
	const auto it = values.find(key);
	return it == values.end() ? otherwise : std::stoul(it->second, nullptr, 0);
}

bool Object::flag(CK_ULONG type) const {
	const auto it = attributes.find(type);
	return it != attributes.end() && it->second.size() == 1 && it->second[0] != 0;
}

CK_ULONG Object::number(CK_ULONG type) const {
	const auto it = attributes.find(type);
	CK_ULONG value = CK_UNAVAILABLE_INFORMATION;
	if (it != attributes.end() && it->second.size() == sizeof value) memcpy(&value, it->second.data(), sizeof value);
	return value;
}

void State::reload() {
	const std::string now = stampOf(modulePath() + ".state");
	if (now == stamp) return;
	read();
	stamp = now;
}

void State::read() {
	objects.clear();
	counters.clear();
	std::ifstream in(modulePath() + ".state");
	for (std::string line; std::getline(in, line);) {
		std::istringstream words(line);
		std::string kind;
		words >> kind;
		if (kind == "pin") {
			words >> pinHash;
		} else if (kind == "left") {
			words >> left;
		} else if (kind == "next") {
			words >> next;
		} else if (kind == "counter") {
			CK_ULONG n;
			std::string name;
			words >> n >> name;
			counters[name] = n;
		} else if (kind == "object") {
			CK_ULONG handle;
			Object o;
			words >> handle >> o.slot;
			for (std::string word; words >> word;) {
				const auto equals = word.find('=');
				o.attributes[std::stoul(word.substr(0, equals), nullptr, 16)] = unhex(word.substr(equals + 1));
			}
			objects[handle] = o;
		}
	}
}

void State::write() const {
	const std::string path = modulePath() + ".state", fresh = path + ".new";
	std::ofstream out(fresh, std::ios::trunc);
	out << "pin " << pinHash << "\nleft " << left << "\nnext " << next << "\n";
	for (const auto &[name, n] : counters) out << "counter " << n << ' ' << name << "\n";
	for (const auto &[handle, o] : objects) {
		out << "object " << handle << ' ' << o.slot;
		for (const auto &[type, value] : o.attributes) out << ' ' << std::hex << type << std::dec << '=' << hex(value.data(), value.size());
		out << "\n";
	}
	out.close();
	if (!out || rename(fresh.c_str(), path.c_str()) != 0) throw std::runtime_error("cannot write " + path);
}

void State::change(const std::function<void(State &)> &f) {
	const int lock = open((modulePath() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) != 0) throw std::runtime_error("cannot lock the state");
	try {
		read();
		f(*this);
		write();
		stamp = stampOf(modulePath() + ".state");
	} catch (...) {
		close(lock);
		throw;
	}
	close(lock);
}

CK_ULONG State::add(const Object &object) {
	objects[next] = object;
	return next++;
}

Bytes number(CK_ULONG value) {
	Bytes out(sizeof value);
	memcpy(out.data(), &value, sizeof value);
	return out;
}

Bytes unhex(const std::string &text) {
	Bytes out;
	for (size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(uint8_t(std::stoul(text.substr(i, 2), nullptr, 16)));
	return out;
}

std::string hex(const uint8_t *data, size_t size) {
	static const char digits[] = "0123456789abcdef";
	std::string out;
	for (size_t i = 0; i < size; i++) {
		out += digits[data[i] >> 4];
		out += digits[data[i] & 15];
	}
	return out;
}

void logCall(const std::string &name, CK_RV rv, const std::string &detail) {
	std::ostringstream line;
	line << getpid() << ' ' << name << " 0x" << std::hex << rv;
	if (!detail.empty()) line << ' ' << detail;
	line << '\n';
	const int file = open((modulePath() + ".log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0) return;
	const std::string text = line.str();
	if (write(file, text.data(), text.size()) < 0) perror("log");
	close(file);
}
