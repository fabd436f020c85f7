/* SPDX-License-Identifier: MIT */
/*
 * What Debian's libcurl.a names of Kerberos, LDAP and RTMP, for which there
 * are no static libraries. We ask libcurl for http alone, so nothing calls
 * these; each gives an error all the same. When a newer libcurl names more,
 * the link of `make static` fails and says what to add.
 */
#include <stddef.h>

/* Status codes, of int or wider: anything but 0 is an error in all three. */
#define FAILS(name)							\
	int name(void);							\
	int								\
	name(void)							\
	{								\
		return -1;						\
	}

#define IS_NULL(name)							\
	void *name(void);						\
	void *								\
	name(void)							\
	{								\
		return NULL;						\
	}

#define DOES_NOTHING(name)						\
	void name(void);						\
	void								\
	name(void)							\
	{								\
	}

extern const void *const GSS_C_NT_HOSTBASED_SERVICE;
const void *const GSS_C_NT_HOSTBASED_SERVICE = NULL;

FAILS(gss_delete_sec_context)
FAILS(gss_display_name)
FAILS(gss_display_status)
FAILS(gss_import_name)
FAILS(gss_init_sec_context)
FAILS(gss_inquire_context)
FAILS(gss_release_buffer)
FAILS(gss_release_name)
FAILS(gss_unwrap)
FAILS(gss_wrap)

FAILS(ber_sockbuf_add_io)
DOES_NOTHING(ber_bvfree)
DOES_NOTHING(ber_free)
DOES_NOTHING(ber_memfree)

FAILS(ldap_abandon_ext)
FAILS(ldap_get_attribute_ber)
FAILS(ldap_get_dn_ber)
FAILS(ldap_get_option)
FAILS(ldap_init_fd)
FAILS(ldap_msgfree)
FAILS(ldap_msgtype)
FAILS(ldap_parse_result)
FAILS(ldap_parse_sasl_bind_result)
FAILS(ldap_pvt_url_scheme2proto)
FAILS(ldap_result)
FAILS(ldap_sasl_bind)
FAILS(ldap_search_ext)
FAILS(ldap_set_option)
FAILS(ldap_start_tls)
FAILS(ldap_unbind_ext)
FAILS(ldap_url_parse)
DOES_NOTHING(ldap_free_urldesc)
DOES_NOTHING(ldap_memfree)

const char *ldap_err2string(int code);
const char *
ldap_err2string(int code)
{
	(void)code;
	return "LDAP is not built in";
}

FAILS(RTMP_ConnectStream)
FAILS(RTMP_Read)
FAILS(RTMP_Write)
DOES_NOTHING(RTMP_Close)
DOES_NOTHING(RTMP_Free)
DOES_NOTHING(RTMP_Init)
DOES_NOTHING(RTMP_SetBufferMS)
IS_NULL(RTMP_Alloc)

/* These two answer with a truth value. */
#define IS_FALSE(name)							\
	int name(void);							\
	int								\
	name(void)							\
	{								\
		return 0;						\
	}
IS_FALSE(RTMP_Connect1)
IS_FALSE(RTMP_SetupURL)
