/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS by OpenSSL: tls.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "ovsdb/tls.h"

struct xd_ovsdb_tls {
	SSL_CTX *context;
	SSL *ssl;
	bool wants_room;
};

/* ---- Its files ---- */

static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "no reason given";
}

/* ok: what OpenSSL said of a file. */
static int
loaded(int ok, const char *what, const char *path, struct xd_error *err)
{
	int ret = ok == 1 ? 0
			  : xd_fail(err, -EINVAL, "%s %.150s cannot be used: %s", what, path,
				    reason());

	ERR_clear_error();
	return ret;
}

static int
load(SSL_CTX *context, const struct xd_ovsdb_tls_files *files, struct xd_error *err)
{
	int ret = loaded(SSL_CTX_use_certificate_chain_file(context, files->cert), "certificate",
		files->cert, err);

	if (ret == 0)
		ret = loaded(SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM),
			"private key", files->key, err);
	if (ret == 0)
		ret = loaded(SSL_CTX_load_verify_locations(context, files->ca, NULL), "authority",
			files->ca, err);
	return ret;
}

struct xd_ovsdb_tls *
xd_ovsdb_tls_create(int fd, const struct xd_ovsdb_tls_files *files, struct xd_error *err)
{
	struct xd_ovsdb_tls *tls = calloc(1, sizeof(*tls));

	if (tls)
		tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls || !tls->context)
		goto err_memory;
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	/* What is to be written lies in a buffer that grows and moves. */
	SSL_CTX_set_mode(
		tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (load(tls->context, files, err) < 0)
		goto err_tls;
	tls->ssl = SSL_new(tls->context);
	if (!tls->ssl || SSL_set_fd(tls->ssl, fd) != 1)
		goto err_memory;
	return tls;
err_memory:
	xd_fail(err, -ENOMEM, "no memory for TLS");
err_tls:
	xd_ovsdb_tls_destroy(tls);
	return NULL;
}

void
xd_ovsdb_tls_destroy(struct xd_ovsdb_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->context);
	free(tls);
}

/* ---- What passes ---- */

/* How a call went that returned ret: -EAGAIN, -EPIPE, or -EPROTO with the reason. */
static int
failed(struct xd_ovsdb_tls *tls, int ret, struct xd_error *err)
{
	long verified = SSL_get_verify_result(tls->ssl);
	int why = SSL_get_error(tls->ssl, ret), code = -EPROTO;

	tls->wants_room = why == SSL_ERROR_WANT_WRITE;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		code = -EAGAIN;
	else if (why == SSL_ERROR_ZERO_RETURN || (why == SSL_ERROR_SYSCALL && !ERR_peek_error()))
		code = xd_fail(err, -EPIPE, "the server has ended the connection");
	else if (verified != X509_V_OK)
		xd_fail(err, -EPROTO, "its certificate is not trusted: %s",
			X509_verify_cert_error_string(verified));
	else
		xd_fail(err, -EPROTO, "TLS: %s", reason());
	ERR_clear_error();
	return code;
}

int
xd_ovsdb_tls_connect(struct xd_ovsdb_tls *tls, struct xd_error *err)
{
	int ret;

	ERR_clear_error();
	ret = SSL_connect(tls->ssl);
	if (ret == 1) {
		tls->wants_room = false;
		return 1;
	}
	ret = failed(tls, ret, err);
	return ret == -EAGAIN ? 0 : ret;
}

static int
at_once(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t
xd_ovsdb_tls_read(struct xd_ovsdb_tls *tls, void *bytes, size_t size, struct xd_error *err)
{
	int n;

	ERR_clear_error();
	n = SSL_read(tls->ssl, bytes, at_once(size));
	return n > 0 ? n : failed(tls, n, err);
}

ssize_t
xd_ovsdb_tls_write(struct xd_ovsdb_tls *tls, const void *bytes, size_t len, struct xd_error *err)
{
	int n;

	ERR_clear_error();
	n = SSL_write(tls->ssl, bytes, at_once(len));
	return n > 0 ? n : failed(tls, n, err);
}

bool
xd_ovsdb_tls_wants_room(const struct xd_ovsdb_tls *tls)
{
	return tls->wants_room;
}

bool
xd_ovsdb_tls_pending(const struct xd_ovsdb_tls *tls)
{
	return SSL_pending(tls->ssl) > 0;
}
