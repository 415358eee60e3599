// Says of signatures whether they are good: Botan's opinion, for tests that must
// not ask the code they test. Reads lines
//
//	KIND KEY DIGEST SIGNATURE
//
// in hexadecimal and answers each with "valid" or "invalid". KIND is 512, 256 or
// 2001 with a key x‖y and a signature r‖s, little-endian as in the national
// certificates; or rsa with MODULUS:EXPONENT and PKCS #1 v1.5 over SHA-256.
#include <algorithm>
#include <exception>
#include <iostream>
#include <sstream>

#include "keys.hpp"

static keys::Bytes unhex(const std::string &text) {
	keys::Bytes out;
	for (size_t i = 0; i + 1 < text.size(); i += 2) out.push_back(uint8_t(std::stoul(text.substr(i, 2), nullptr, 16)));
	return out;
}

static bool valid(const std::string &kind, const std::string &key, const keys::Bytes &digest, keys::Bytes signature) {
	if (kind == "rsa") {
		const auto colon = key.find(':');
		return keys::verifyRSA(unhex(key.substr(0, colon)), unhex(key.substr(colon + 1)), digest, signature);
	}
	std::reverse(signature.begin(), signature.end()); // r‖s little-endian is s‖r big-endian
	return keys::verifyGOST(keys::curveOf(kind), unhex(key), digest, signature);
}

int main() {
	for (std::string line; std::getline(std::cin, line);) {
		std::istringstream words(line);
		std::string kind, key, digest, signature;
		words >> kind >> key >> digest >> signature;
		try {
			std::cout << (valid(kind, key, unhex(digest), unhex(signature)) ? "valid" : "invalid") << std::endl;
		} catch (const std::exception &e) {
			std::cout << "invalid: " << e.what() << std::endl;
		}
	}
}
