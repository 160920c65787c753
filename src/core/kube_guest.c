/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube_guest.c: the network of a guest, what it is told, and what it is asked */
#include <config.h>

#include "core/kube_vm.h"

#include <string.h>

#include "base/url.h"
#include "core/cloudinit.h"
#include "core/health.h"

#define PROBE_SECONDS 5          /* for one answer, as gpuvm gives it */
#define SECRET_MAX (1024 * 1024) /* Kubernetes' MaxSecretSize */
#define NETWORK "default"

/* The network of Multus that is @bridge, of the same name as far as Kubernetes has it. g_malloc. */
static char *
multus_network(const gpuvm_kube_vm *vm, const char *bridge)
{
    gpuvm_mark mark = gpuvm_object_mark(&vm->body->network->object, "bridge");
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *config = json_object_new();
    g_autofree char *text = NULL;
    char *name = gpuvm_kube_name(bridge);
    gpuvm_kube_manifest *network;

    json_node_take_object(root, config);
    if (!g_hash_table_add(vm->kube->names, g_strconcat("bridge ", bridge, NULL)))
        return name;
    json_object_set_string_member(config, "cniVersion", "0.3.1");
    json_object_set_string_member(config, "name", name);
    json_object_set_string_member(config, "type", "bridge");
    json_object_set_string_member(config, "bridge", bridge);
    text = json_to_string(root, FALSE);
    network =
        gpuvm_kube_manifest_add(vm->kube, "k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", name, &mark);
    json_object_set_string_member(gpuvm_kube_at(network->json, "spec"), "config", text);
    return name;
}

static bool
is_bridged(const gpuvm_network *network)
{
    return network->mode == GPUVM_NET_BRIDGED || (network->mode == GPUVM_NET_DHCP && network->bridge);
}

void
gpuvm_kube_network_add(const gpuvm_kube_vm *vm)
{
    const gpuvm_network *network = vm->body->network;
    JsonObject *nic, *source;

    if (network->mode == GPUVM_NET_NONE || network->mode == GPUVM_NET_VSOCK) {
        json_object_set_boolean_member(vm->devices, "autoattachPodInterface", FALSE);
        if (network->mode == GPUVM_NET_VSOCK)
            json_object_set_boolean_member(vm->devices, "autoattachVSOCK", TRUE);
        return;
    }
    nic = gpuvm_kube_item(vm->devices, "interfaces", NETWORK);
    source = gpuvm_kube_item(vm->instance, "networks", NETWORK);
    if (network->mac)
        json_object_set_string_member(nic, "macAddress", network->mac);
    if (is_bridged(network)) {
        g_autofree char *name = multus_network(vm, network->bridge);

        gpuvm_kube_at(nic, "bridge");
        json_object_set_string_member(gpuvm_kube_at(source, "multus"), "networkName", name);
    } else {
        gpuvm_kube_at(nic, "masquerade");
        gpuvm_kube_at(source, "pod");
    }
}

/* Adds @seed as a disk whose texts are in a Secret: they may have passwords. */
static void
add_seed(const gpuvm_kube_vm *vm, const gpuvm_plan_seed *seed, const gpuvm_mark *mark)
{
    g_autofree char *secret = g_strdup_printf("%s-cloud-init", vm->name);
    g_autofree char *volume = gpuvm_kube_volume_name(vm, "cloudinit");
    JsonObject *source = gpuvm_kube_at(gpuvm_kube_item(vm->instance, "volumes", volume), "cloudInitNoCloud");
    JsonObject *texts = gpuvm_kube_secret_add(vm->kube, secret, mark, "what cloud-init is told");

    json_object_set_string_member(gpuvm_kube_at(gpuvm_kube_item(vm->devices, "disks", volume), "cdrom"),
                                  "bus", "sata");
    json_object_set_string_member(gpuvm_kube_at(source, "secretRef"), "name", secret);
    json_object_set_string_member(texts, "userdata", seed->user_data);
    if (seed->network_config) {
        json_object_set_string_member(gpuvm_kube_at(source, "networkDataSecretRef"), "name", secret);
        json_object_set_string_member(texts, "networkdata", seed->network_config);
    }
    if (strlen(seed->user_data) + (seed->network_config ? strlen(seed->network_config) : 0) > SECRET_MAX)
        gpuvm_kube_lose(vm->kube, vm->manifest, "cloud_init", mark, "a Secret has room for 1 MiB");
}

static void
add_command(JsonObject *exec, const char *const *words)
{
    JsonArray *command = json_array_new();

    for (; *words; words++)
        json_array_add_string_element(command, *words);
    json_object_set_array_member(exec, "command", command);
}

/* A question from outside reaches a guest in the network of pods; what its URL has of secrets would be in the manifest. */
static void
add_probe(const gpuvm_kube_vm *vm, const char *url)
{
    const gpuvm_health_check *check = vm->body->health_check;
    g_autoptr(GUri) uri = gpuvm_health_parse(url);
    g_autofree char *open = gpuvm_url_public(url), *seconds = g_strdup_printf("%d", PROBE_SECONDS);
    bool own = gpuvm_health_is_guest(url), tls = g_str_equal(g_uri_get_scheme(uri), "https");
    const char *query = g_uri_get_query(uri);
    g_autofree char *path = g_strconcat(g_uri_get_path(uri), query ? "?" : "", query, NULL);
    /* as gpuvm asks: a certificate for the guest's loopback is nobody's */
    const char *const curl[] = {
        "curl", own ? "-gkfsS" : "-gfsS", "-o", "/dev/null", "--max-time", seconds, "--", url, NULL};
    JsonObject *probe, *get;

    if (!g_str_equal(url, open)) {
        gpuvm_kube_vm_lose(vm, "health_check", &vm->body->object, "health_check",
                           "its URL has a secret, which everybody could read in a probe");
        return;
    }
    if (check->from == GPUVM_HEALTH_FROM_HOST && own && is_bridged(vm->body->network)) {
        gpuvm_kube_vm_lose(
            vm, "health_check", &vm->body->object, "health_check",
            "Kubernetes asks in the network of pods, where the guest is not: from: guest would do");
        return;
    }
    probe = gpuvm_kube_at(vm->instance, "readinessProbe");
    json_object_set_int_member(probe, "timeoutSeconds", PROBE_SECONDS);
    if (check->from == GPUVM_HEALTH_FROM_GUEST) {
        add_command(gpuvm_kube_at(probe, "exec"), curl);
        return;
    }
    get = gpuvm_kube_at(probe, "httpGet");
    json_object_set_string_member(get, "scheme", tls ? "HTTPS" : "HTTP");
    if (!own)
        json_object_set_string_member(get, "host", g_uri_get_host(uri));
    json_object_set_int_member(get, "port", g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : tls ? 443 : 80);
    json_object_set_string_member(get, "path", path);
}

/* Whether the guest boots a kernel directly, and is told its workload by gpuvm's firmware device. */
static bool
boots_kernel(const gpuvm_body *body)
{
    return body->kernel || body->initramfs || (body->rootfs && body->rootfs->format == GPUVM_DISK_EXT4);
}

void
gpuvm_kube_guest_add(const gpuvm_kube_vm *vm)
{
    const gpuvm_body *body = vm->body;
    const char *key = body->cloud_init ? "cloud_init" : "workload";
    gpuvm_mark mark = gpuvm_object_mark(&body->object, key);
    gpuvm_vm told = *vm->spec->vm; /* the struct alone: what is in it is borrowed */
    g_autoptr(gpuvm_plan) plan = gpuvm_plan_new(&told);

    told.body.verify = false; /* there is no port for it */
    plan->plugin = vm->spec->base ? vm->spec->base->plugin : NULL;
    if (boots_kernel(body)) {
        plan->kernel = g_strdup("");
        if (body->workload)
            gpuvm_kube_vm_lose(vm, "workload", &body->object, "workload",
                               "it reaches a guest that boots a kernel directly by gpuvm alone");
    }
    gpuvm_cloudinit_plan(plan, vm->kube->diags);
    if (plan->seed)
        add_seed(vm, plan->seed, &mark);
    gpuvm_health_plan(plan, vm->kube->diags);
    if (plan->health_url)
        add_probe(vm, plan->health_url);
}
