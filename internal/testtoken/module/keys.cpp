#include "keys.hpp"

#include <algorithm>
#include <stdexcept>

#include <botan/auto_rng.h>
#include <botan/compression.h>
#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/gost_3410.h>
#include <botan/hash.h>
#include <botan/hex.h>
#include <botan/pk_ops.h>
#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>

namespace keys {

static Botan::RandomNumberGenerator &rng() {
	static Botan::AutoSeeded_RNG generator;
	return generator;
}

static const Botan::EC_Group &group(Curve curve) {
	static const Botan::EC_Group a512("gost_512A");
	static const Botan::EC_Group cryptoPro("gost_256A"); // Botan's name for 1.2.643.2.2.35.1
	// RFC 7836, appendix B.2; Botan has no name for it.
	static const Botan::EC_Group a256(
		Botan::BigInt("0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFD97"),
		Botan::BigInt("0xC2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335"),
		Botan::BigInt("0x295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513"),
		Botan::BigInt("0x91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28"),
		Botan::BigInt("0x32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C"),
		Botan::BigInt("0x400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67"),
		Botan::BigInt(4));
	switch (curve) {
	case Curve::TC26A512: return a512;
	case Curve::TC26A256: return a256;
	default: return cryptoPro;
	}
}

Curve curveOf(const std::string &name) {
	if (name == "512") return Curve::TC26A512;
	if (name == "256") return Curve::TC26A256;
	if (name == "2001") return Curve::CryptoProA;
	throw std::invalid_argument("unknown curve " + name);
}

Curve curveOf(const Bytes &oid) {
	const std::string der = Botan::hex_encode(oid);
	if (der == "06092A8503070102010201") return Curve::TC26A512;
	if (der == "06092A8503070102010101") return Curve::TC26A256;
	if (der == "06072A850302022301") return Curve::CryptoProA;
	throw std::invalid_argument("unknown parameters " + der);
}

size_t size(Curve curve) { return curve == Curve::TC26A512 ? 64 : 32; }

static Bytes little(const Botan::BigInt &n, size_t size) {
	Bytes out(size);
	Botan::BigInt::encode_1363(out.data(), size, n);
	std::reverse(out.begin(), out.end());
	return out;
}

static Botan::BigInt integer(Bytes littleEndian) {
	std::reverse(littleEndian.begin(), littleEndian.end());
	return Botan::BigInt(littleEndian.data(), littleEndian.size());
}

Pair generate(Curve curve) {
	const Botan::GOST_3410_PrivateKey key(rng(), group(curve));
	Pair pair;
	pair.secret = little(key.private_value(), size(curve));
	pair.value = little(key.public_point().get_affine_x(), size(curve));
	const Bytes y = little(key.public_point().get_affine_y(), size(curve));
	pair.value.insert(pair.value.end(), y.begin(), y.end());
	return pair;
}

static Bytes big(const Botan::BigInt &n) {
	Bytes out(n.bytes());
	n.binary_encode(out.data());
	return out;
}

Pair generateRSA(size_t bits) {
	const Botan::RSA_PrivateKey key(rng(), bits);
	const auto der = Botan::PKCS8::BER_encode(key);
	Pair pair;
	pair.secret.assign(der.begin(), der.end());
	pair.modulus = big(key.get_n());
	pair.exponent = big(key.get_e());
	return pair;
}

Bytes signGOST(Curve curve, const Bytes &secret, const Bytes &digest) {
	const Botan::GOST_3410_PrivateKey key(rng(), group(curve), integer(secret));
	Botan::PK_Signer signer(key, rng(), "Raw");
	return signer.sign_message(digest, rng());
}

// verifySmallOrder is GOST R 34.10-2012 §6.2 on Botan's points. Its own verifier
// compares the coordinate with r without reducing it, which is wrong for three
// signatures in four where the order is a quarter of the field.
static bool verifySmallOrder(const Botan::EC_Group &g, const Botan::PointGFp &key, const Botan::BigInt &digest, const Bytes &signature) {
	const size_t n = g.get_order_bytes();
	if (signature.size() != 2 * n) return false;
	const Botan::BigInt s(signature.data(), n), r(signature.data() + n, n);
	if (s <= 0 || r <= 0 || s >= g.get_order() || r >= g.get_order()) return false;
	Botan::BigInt e = g.mod_order(digest);
	if (e.is_zero()) e = 1;
	const Botan::BigInt v = g.inverse_mod_order(e);
	const Botan::PointGFp c = g.point_multiply(g.multiply_mod_order(s, v), key, g.multiply_mod_order(g.get_order() - r, v));
	return !c.is_zero() && g.mod_order(c.get_affine_x()) == r;
}

bool verifyGOST(Curve curve, const Bytes &value, const Bytes &digest, const Bytes &signature) {
	const size_t n = size(curve);
	if (value.size() != 2 * n) return false;
	const Botan::PointGFp point = group(curve).point(integer(Bytes(value.begin(), value.begin() + n)), integer(Bytes(value.begin() + n, value.end())));
	if (!point.on_the_curve()) return false;
	if (curve == Curve::TC26A256) return verifySmallOrder(group(curve), point, integer(digest), signature);
	const Botan::GOST_3410_PublicKey key(group(curve), point);
	return Botan::PK_Verifier(key, "Raw").verify_message(digest, signature);
}

Bytes signRSA(const Bytes &secret, const Bytes &data) {
	Botan::DataSource_Memory source(secret.data(), secret.size());
	const auto key = Botan::PKCS8::load_key(source);
	Botan::PK_Signer signer(*key, rng(), "EMSA_PKCS1(Raw)");
	return signer.sign_message(data, rng());
}

bool verifyRSA(const Bytes &modulus, const Bytes &exponent, const Bytes &digest, const Bytes &signature) {
	const Botan::RSA_PublicKey key(Botan::BigInt(modulus.data(), modulus.size()), Botan::BigInt(exponent.data(), exponent.size()));
	return Botan::PK_Verifier(key, "EMSA_PKCS1(Raw,SHA-256)").verify_message(digest, signature);
}

Bytes random(size_t n) {
	Bytes out(n);
	rng().randomize(out.data(), out.size());
	return out;
}

Bytes gzip(const Bytes &data) {
	const auto compressor = Botan::Compression_Algorithm::create_or_throw("gzip");
	compressor->start();
	Botan::secure_vector<uint8_t> buffer(data.begin(), data.end());
	compressor->finish(buffer);
	return Bytes(buffer.begin(), buffer.end());
}

std::string sha256(const uint8_t *data, size_t size) {
	const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
	hash->update(data, size);
	return Botan::hex_encode(hash->final(), false);
}

} // namespace keys
