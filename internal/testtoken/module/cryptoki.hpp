// The Cryptoki headers, with the numbers of TK-26 that they lack. The headers
// come from the Go module that tanba-token is built with; nothing of them is in
// this repository.
#pragma once

#define CK_PTR *
#define CK_DECLARE_FUNCTION(type, name) type name
#define CK_DECLARE_FUNCTION_POINTER(type, name) type(*name)
#define CK_CALLBACK_FUNCTION(type, name) type(*name)
#ifndef NULL_PTR
#define NULL_PTR nullptr
#endif
#include <pkcs11.h>

constexpr CK_ULONG CKK_GOSTR3410_512 = 0xD4321003;
constexpr CK_ULONG CKA_GOSTR3410_512_PARAMS = 0xD4321004; // JaCarta's
constexpr CK_ULONG CKM_GOSTR3410_512_KEY_PAIR_GEN = 0xD4321005;
constexpr CK_ULONG CKM_GOSTR3410_512 = 0xD4321006;
