// The keys: everything that asks Botan. The module and the verifier share it;
// nothing of Tanba's own arithmetic is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keys {

using Bytes = std::vector<uint8_t>;

enum class Curve { TC26A512, TC26A256, CryptoProA };

// curveOf knows the names "512", "256" and "2001", and the DER of the Russian
// object identifiers. Both throw std::invalid_argument.
Curve curveOf(const std::string &name);
Curve curveOf(const Bytes &oid);
size_t size(Curve curve);

struct Pair {
	Bytes secret;      // GOST: scalar, little-endian; RSA: PKCS #8
	Bytes value;       // GOST: x‖y, little-endian
	Bytes modulus, exponent; // RSA
};
Pair generate(Curve curve);
Pair generateRSA(size_t bits);

// signGOST returns s‖r, each big-endian, as PKCS #11 has it; the digest is read
// little-endian.
Bytes signGOST(Curve curve, const Bytes &secret, const Bytes &digest);
// verifyGOST takes the same, and a public key x‖y, little-endian.
bool verifyGOST(Curve curve, const Bytes &value, const Bytes &digest, const Bytes &signature);
// signRSA pads what it gets by PKCS #1 v1.5, adding no DigestInfo.
Bytes signRSA(const Bytes &secret, const Bytes &data);
bool verifyRSA(const Bytes &modulus, const Bytes &exponent, const Bytes &digest, const Bytes &signature);

Bytes random(size_t n);
Bytes gzip(const Bytes &data);
std::string sha256(const uint8_t *data, size_t size); // hexadecimal

} // namespace keys
