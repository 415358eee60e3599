/* What miekg/pkcs11 cannot do: say why a library does not load, pass NULL for a
 * PIN or for C_Initialize, use a PIN where it lies, and sign with one call. */
#ifndef TANBA_LOAD_H
#define TANBA_LOAD_H

#include <stddef.h>

struct library;

/* load returns NULL and an explanation, or the library, which is never unloaded. */
struct library *tanba_load(const char *path, char *why, size_t room);

unsigned long tanba_initialize_null(struct library *l);
unsigned long tanba_login(struct library *l, unsigned long session, unsigned long user, void *pin, unsigned long length);
unsigned long tanba_sign_init(struct library *l, unsigned long session, unsigned long mechanism, unsigned long key);
unsigned long tanba_sign(struct library *l, unsigned long session, void *data, unsigned long length, void *signature, unsigned long *size);

#endif
