/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * channel.c: a stream that is looked into
 *
 * Without libvirt's event loop what is sent to a stream arrives with the answer to the next call on its connection: so each look begins
 * with one.
 */
#include <config.h>

#include "host/channel.h"

#include <string.h>

#include "model/guest.h"

#define WOULD_BLOCK (-2) /* virStreamRecv */

struct gpuvm_channel {
    gpuvm_domain *domain; /* borrowed */
    char *name;
    virStream *stream;
};

bool
gpuvm_channel_is_open(gpuvm_domain *domain, const char *name, bool *ret_open, GError **error)
{
    g_autofree char *xml = gpuvm_domain_xml(domain, false, error);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), domain->name, error) : NULL;

    if (!doc)
        return false;
    *ret_open = gpuvm_xml_attr_is(gpuvm_guest_port(xmlDocGetRootElement(doc), name), "state", "connected");
    return true;
}

gpuvm_channel *
gpuvm_channel_open(gpuvm_domain *domain, const char *name, GError **error)
{
    virStream *stream = gpuvm_virt.StreamNew(gpuvm_virt.DomainGetConnect(domain->dom), VIR_STREAM_NONBLOCK);
    gpuvm_channel *channel;

    if (!stream || gpuvm_virt.DomainOpenChannel(domain->dom, name, stream, 0) < 0) {
        gpuvm_virt_failed(error, "cannot open channel %s of domain '%s'", name, domain->name);
        if (stream)
            gpuvm_virt.StreamFree(stream);
        return NULL;
    }
    channel = g_new0(gpuvm_channel, 1);
    channel->domain = domain;
    channel->name = g_strdup(name);
    channel->stream = stream;
    return channel;
}

bool
gpuvm_channel_read(gpuvm_channel *channel, GString *bytes, GError **error)
{
    char some[4096];
    int n;

    if (!gpuvm_domain_refresh(channel->domain, error))
        return false;
    while ((n = gpuvm_virt.StreamRecv(channel->stream, some, sizeof some)) > 0)
        g_string_append_len(bytes, some, n);
    if (n == 0)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, "channel %s of domain '%s' was closed",
                    channel->name, channel->domain->name);
    else if (n != WOULD_BLOCK)
        gpuvm_virt_failed(error, "cannot read channel %s of domain '%s'", channel->name,
                          channel->domain->name);
    return n == WOULD_BLOCK;
}

void
gpuvm_channel_close(gpuvm_channel *channel)
{
    if (!channel)
        return;
    gpuvm_virt.StreamAbort(channel->stream);
    gpuvm_virt.StreamFree(channel->stream);
    g_free(channel->name);
    g_free(channel);
}
