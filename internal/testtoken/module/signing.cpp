// Key pairs and signatures.
#include <algorithm>
#include <cstring>

#include "keys.hpp"
#include "token.hpp"

static Object withTemplate(const Session &s, const CK_ATTRIBUTE *templ, CK_ULONG count, CK_ULONG kind, CK_ULONG type) {
	Object o;
	o.slot = s.slot;
	for (CK_ULONG i = 0; i < count; i++) {
		const auto *data = static_cast<CK_BYTE *>(templ[i].pValue);
		o.attributes[templ[i].type] = Bytes(data, data + templ[i].ulValueLen);
	}
	o.attributes[CKA_CLASS] = number(kind);
	o.attributes[CKA_KEY_TYPE] = number(type);
	o.attributes[CKA_LOCAL] = {1};
	if (!o.attributes.count(CKA_PRIVATE)) o.attributes[CKA_PRIVATE] = {CK_BYTE(kind == CKO_PRIVATE_KEY)};
	return o;
}

static CK_RV generateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *pub, CK_ULONG pubCount, CK_ATTRIBUTE *priv, CK_ULONG privCount, CK_OBJECT_HANDLE *pubKey,
						 CK_OBJECT_HANDLE *privKey) {
	return call("C_GenerateKeyPair", [&](Token &t) {
		const Session &s = t.session(session);
		require(s.writable, CKR_SESSION_READ_ONLY);
		require(t.loggedIn[s.slot], CKR_USER_NOT_LOGGED_IN);
		CK_ULONG type = CKK_RSA;
		if (mechanism->mechanism == CKM_GOSTR3410_KEY_PAIR_GEN) type = CKK_GOSTR3410;
		else if (mechanism->mechanism == CKM_GOSTR3410_512_KEY_PAIR_GEN) type = CKK_GOSTR3410_512;
		else require(mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN, CKR_MECHANISM_INVALID);
		require(mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN || !t.config.on("onlyrsa"), CKR_MECHANISM_INVALID);

		Object p = withTemplate(s, pub, pubCount, CKO_PUBLIC_KEY, type), d = withTemplate(s, priv, privCount, CKO_PRIVATE_KEY, type);
		require(!d.attributes.count(CKA_GOSTR3410_PARAMS) && !d.attributes.count(CKA_VALUE), CKR_ATTRIBUTE_READ_ONLY);
		require(!d.flag(CKA_EXTRACTABLE), CKR_ATTRIBUTE_VALUE_INVALID);
		keys::Pair pair;
		if (type == CKK_RSA) {
			require(p.number(CKA_MODULUS_BITS) == 2048, CKR_ATTRIBUTE_VALUE_INVALID);
			pair = keys::generateRSA(2048);
			for (Object *o : {&p, &d}) o->attributes[CKA_MODULUS] = pair.modulus, o->attributes[CKA_PUBLIC_EXPONENT] = pair.exponent;
		} else {
			if (p.attributes.count(CKA_GOSTR3410_512_PARAMS)) {
				p.attributes[CKA_GOSTR3410_PARAMS] = p.attributes[CKA_GOSTR3410_512_PARAMS];
				p.attributes.erase(CKA_GOSTR3410_512_PARAMS);
			}
			require(p.attributes.count(CKA_GOSTR3410_PARAMS), CKR_TEMPLATE_INCOMPLETE);
			keys::Curve curve;
			try {
				curve = keys::curveOf(p.attributes[CKA_GOSTR3410_PARAMS]);
			} catch (const std::exception &) {
				throw Rv{CKR_ATTRIBUTE_VALUE_INVALID}; // as real ones do with the OIDs of 1.2.398
			}
			require((curve == keys::Curve::TC26A512) == (type == CKK_GOSTR3410_512), CKR_ATTRIBUTE_VALUE_INVALID);
			pair = keys::generate(curve);
			p.attributes[CKA_VALUE] = pair.value;
			d.attributes[CKA_GOSTR3410_PARAMS] = p.attributes[CKA_GOSTR3410_PARAMS];
			for (Object *o : {&p, &d}) // the library fills in the old hash by itself
				if (!o->attributes.count(CKA_GOSTR3411_PARAMS)) o->attributes[CKA_GOSTR3411_PARAMS] = unhex("06072a850302021e01");
		}
		d.attributes[ulSecret] = pair.secret;
		t.state.change([&](State &st) {
			*pubKey = st.add(p);
			*privKey = st.add(d);
		});
	});
}

static CK_RV signInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
	return call("C_SignInit", [&](Token &t) {
		Session &s = t.session(session);
		require(!s.sign, CKR_OPERATION_ACTIVE);
		require(t.loggedIn[s.slot], CKR_USER_NOT_LOGGED_IN);
		const auto it = t.state.objects.find(key);
		require(it != t.state.objects.end() && t.sees(s, it->second) && it->second.number(CKA_CLASS) == CKO_PRIVATE_KEY, CKR_KEY_HANDLE_INVALID);
		require(mechanism->pParameter == nullptr && mechanism->ulParameterLen == 0, CKR_MECHANISM_PARAM_INVALID);
		switch (mechanism->mechanism) {
		case CKM_GOSTR3410: require(it->second.number(CKA_KEY_TYPE) == CKK_GOSTR3410, CKR_KEY_TYPE_INCONSISTENT); break;
		case CKM_GOSTR3410_512: require(it->second.number(CKA_KEY_TYPE) == CKK_GOSTR3410_512, CKR_KEY_TYPE_INCONSISTENT); break;
		case CKM_RSA_PKCS: require(it->second.number(CKA_KEY_TYPE) == CKK_RSA, CKR_KEY_TYPE_INCONSISTENT); break;
		default: throw Rv{CKR_MECHANISM_INVALID};
		}
		bool allowed = !t.config.on("alwaysauth");
		if (t.config.number("alwaysauth") == 2) t.state.change([&](State &st) {
			allowed = st.counters["fresh"] == 1; // one signature for each login
			st.counters["fresh"] = 0;
		});
		require(allowed || t.config.number("alwaysauth") != 2, CKR_USER_NOT_LOGGED_IN);
		s.sign = Operation{mechanism->mechanism, key, allowed};
	});
}

// The orders of the octets that modules were seen to use.
static void reorder(const Config &c, Bytes &signature) {
	const std::string order = c.text("order", "sr-be");
	const auto half = signature.begin() + long(signature.size() / 2);
	if (order == "rs-be" || order == "sr-le") std::rotate(signature.begin(), half, signature.end()); // swaps the halves
	if (order == "rs-le" || order == "sr-le") std::reverse(signature.begin(), signature.end());
}

// spoil makes of a good signature what a bad token might return.
static void spoil(const std::string &how, Bytes &signature) {
	if (how == "bit") signature[signature.size() / 3] ^= 4;
	if (how == "zeros") std::fill(signature.begin(), signature.end(), 0);
	if (how == "ones") std::fill(signature.begin(), signature.end(), 0xFF);
	if (how == "short") signature.pop_back();
	if (how == "long") signature.push_back(0);
	if (how == "empty") signature.clear();
}

static Bytes signature(Token &t, const Object &key, CK_MECHANISM_TYPE mechanism, Bytes data) {
	const Bytes &secret = key.attributes.at(ulSecret);
	std::string wrong = t.config.text("wrong");
	if (const CK_ULONG times = t.config.number("wrongtimes")) t.state.change([&](State &st) {
		if (st.counters["wrong"]++ >= times) wrong.clear();
	});
	Bytes out;
	if (mechanism == CKM_RSA_PKCS) {
		if (wrong == "other") data.back() ^= 1;
		out = keys::signRSA(secret, data);
	} else {
		const auto curve = keys::curveOf(key.attributes.at(CKA_GOSTR3410_PARAMS));
		require(data.size() == keys::size(curve), CKR_DATA_LEN_RANGE);
		if (t.config.text("digest") == "be") std::reverse(data.begin(), data.end());
		if (wrong == "other") data[0] ^= 1; // a good signature, of something else
		out = keys::signGOST(curve, wrong == "stranger" ? keys::generate(curve).secret : secret, data);
		reorder(t.config, out);
	}
	spoil(wrong, out);
	return out;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size, CK_BYTE *out, CK_ULONG *outSize) {
	return call("C_Sign", [&](Token &t) {
		Session &s = t.session(session);
		require(s.sign.has_value(), CKR_OPERATION_NOT_INITIALIZED);
		const Object key = t.state.objects.at(s.sign->key);
		const CK_ULONG length = key.number(CKA_KEY_TYPE) == CKK_RSA ? 256 : 2 * keys::size(keys::curveOf(key.attributes.at(CKA_GOSTR3410_PARAMS)));
		if (!out || *outSize < length) { // the operation goes on
			*outSize = length;
			t.detail = "size";
			require(out == nullptr, CKR_BUFFER_TOO_SMALL);
			return;
		}
		const Operation operation = *s.sign;
		s.sign.reset();
		require(operation.allowed, CKR_USER_NOT_LOGGED_IN);
		const Bytes octets = signature(t, key, operation.mechanism, Bytes(data, data + size));
		std::copy_n(octets.begin(), std::min<size_t>(octets.size(), *outSize), out); // "long" says more than it writes
		*outSize = octets.size();
		if (t.config.on("unplugafter")) t.state.change([](State &st) { st.counters["signed"]++; });
	});
}

void fillKeys(CK_FUNCTION_LIST &list) {
	list.C_GenerateKeyPair = generateKeyPair;
	list.C_SignInit = signInit;
	list.C_Sign = sign;
}
