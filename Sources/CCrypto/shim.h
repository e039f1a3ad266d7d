#ifndef SLIPWAY_CCRYPTO_H
#define SLIPWAY_CCRYPTO_H

// The low-level SHA-256 of libcrypto. OpenSSL 3 marks it deprecated in favour of EVP, which would
// pull the whole provider machinery (5 MB) into a static executable for one digest.

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

static inline void slipway_sha256_init(SHA256_CTX *context) { SHA256_Init(context); }

static inline void slipway_sha256_update(SHA256_CTX *context, const void *data, size_t size) {
  SHA256_Update(context, data, size);
}

static inline void slipway_sha256_final(unsigned char *digest, SHA256_CTX *context) {
  SHA256_Final(digest, context);
}

#endif
