/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube_vm.c: a VM, or a deployment, as a VirtualMachine or a pool of them */
#include <config.h>

#include "core/kube_vm.h"

#include "base/text.h"
#include "core/kube_fields.h"

#define POOL_LABEL "gpuvm/deployment"

/* Kubernetes' "Labels and Selectors": a name, after a domain and a slash if there is one; and a value, which may be empty. */
#define LABEL_NAME "([A-Za-z0-9][A-Za-z0-9._-]{0,61})?[A-Za-z0-9]"
#define LABEL_DOMAIN "(?=[^/]{1,253}/)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/"
#define LABEL_KEY "^(" LABEL_DOMAIN ")?" LABEL_NAME "\\z"
#define LABEL_VALUE "^(" LABEL_NAME ")?\\z"

static bool
fits(const char *pattern, const char *text)
{
    return g_regex_match(gpuvm_text_regex(pattern, 0), text, 0, NULL);
}

/* The labels of the definition; those with values that Kubernetes' have not are annotations. */
static void
add_labels(const gpuvm_kube_vm *vm)
{
    for (guint i = 0; i < vm->body->labels->len; i++) {
        const gpuvm_pair *pair = vm->body->labels->pdata[i];
        g_autofree char *path = g_strconcat("labels.", pair->key, NULL);
        bool label = fits(LABEL_VALUE, pair->value);

        if (!fits(LABEL_KEY, pair->key)) {
            gpuvm_kube_vm_lose(vm, path, &vm->body->object, "labels", "Kubernetes has no label of that name");
            continue;
        }
        json_object_set_string_member(
            gpuvm_kube_at(vm->manifest->json, label ? "metadata.labels" : "metadata.annotations"), pair->key,
            pair->value);
        if (label)
            json_object_set_string_member(gpuvm_kube_at(vm->machine, "template.metadata.labels"), pair->key,
                                          pair->value);
    }
}

static void
add_cpus(const gpuvm_kube_vm *vm)
{
    const gpuvm_resources *resources = vm->body->resources;
    const gpuvm_cpu_topology *topology = resources->cpu_topology;
    JsonObject *cpu = gpuvm_kube_at(vm->domain, "cpu");

    json_object_set_string_member(cpu, "model", "host-passthrough"); /* as gpuvm's own template has it */
    if (topology) {
        json_object_set_int_member(cpu, "sockets", (gint64)topology->sockets);
        json_object_set_int_member(cpu, "threads", (gint64)topology->threads);
    }
    json_object_set_int_member(cpu, "cores", (gint64)(topology ? topology->cores : resources->cpu_cores));
    if (resources->cpu_pinning == GPUVM_PINNING_DEDICATED) {
        json_object_set_boolean_member(cpu, "dedicatedCpuPlacement", TRUE);
        json_object_set_boolean_member(cpu, "isolateEmulatorThread", TRUE);
    }
}

/* KubeVirt wants dedicated CPUs and hugepages for a guest's NUMA nodes, and whole pages. */
static void
add_memory(const gpuvm_kube_vm *vm)
{
    const gpuvm_resources *resources = vm->body->resources;
    bool gigabytes = resources->hugepages == GPUVM_HUGEPAGES_1G ||
                     (resources->hugepages == GPUVM_HUGEPAGES_ANY && resources->memory_mb % 1024 == 0);
    bool nodes = resources->numa == GPUVM_NUMA_STRICT || resources->numa == GPUVM_NUMA_SPLIT;
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT "Mi", resources->memory_mb);
    JsonObject *memory = gpuvm_kube_at(vm->domain, "memory");

    json_object_set_string_member(memory, "guest", size);
    if (resources->hugepages != GPUVM_HUGEPAGES_NONE)
        json_object_set_string_member(gpuvm_kube_at(memory, "hugepages"), "pageSize",
                                      gigabytes ? "1Gi" : "2Mi");
    if (resources->hugepages == GPUVM_HUGEPAGES_ANY)
        gpuvm_kube_vm_lose(vm, "resources.hugepages", &resources->object, "hugepages",
                           gigabytes ? "KubeVirt wants one size of pages, here 1Gi"
                                     : "KubeVirt wants one size of pages, here 2Mi");
    if (resources->hugepages != GPUVM_HUGEPAGES_NONE && resources->memory_mb % (gigabytes ? 1024 : 2) != 0)
        gpuvm_kube_vm_lose(vm, "resources.memory_mb", &resources->object, "memory_mb",
                           "KubeVirt refuses memory that is not whole hugepages");
    if (nodes && resources->hugepages != GPUVM_HUGEPAGES_NONE &&
        resources->cpu_pinning == GPUVM_PINNING_DEDICATED)
        gpuvm_kube_at(vm->domain, "cpu.numa.guestMappingPassthrough");
    else if (nodes)
        gpuvm_kube_vm_lose(vm, "resources.numa", &resources->object, "numa",
                           "KubeVirt has it for a VM with cpu_pinning: dedicated and hugepages alone");
}

/* What gpuvm's own template has, too. */
static void
add_domain(gpuvm_kube_vm *vm)
{
    add_cpus(vm);
    add_memory(vm);
    if (vm->body->firmware == GPUVM_FIRMWARE_BIOS)
        gpuvm_kube_at(vm->domain, "firmware.bootloader.bios");
    else
        json_object_set_boolean_member(gpuvm_kube_at(vm->domain, "firmware.bootloader.efi"), "secureBoot",
                                       FALSE);
    vm->devices = gpuvm_kube_at(vm->domain, "devices");
    json_object_set_boolean_member(vm->devices, "autoattachGraphicsDevice", FALSE);
    json_object_set_boolean_member(vm->devices, "autoattachMemBalloon", FALSE);
    gpuvm_kube_at(vm->devices, "rng");
}

/* The VMs of a pool run, unless the deployment says that they do not; a VM runs when it is started. */
static const char *
run_strategy(const gpuvm_kube_vm *vm)
{
    bool said = gpuvm_object_has(&vm->body->object, "autostart");

    return vm->body->autostart || (vm->pool && !said) ? "Always" : "Manual";
}

static void
add_machine(gpuvm_kube_vm *vm)
{
    json_object_set_string_member(vm->machine, "runStrategy", run_strategy(vm));
    add_labels(vm);
    if (vm->pool)
        json_object_set_string_member(gpuvm_kube_at(vm->machine, "template.metadata.labels"), POOL_LABEL,
                                      vm->name);
    vm->instance = gpuvm_kube_at(vm->machine, "template.spec");
    /* a card cannot move while it runs */
    json_object_set_string_member(vm->instance, "evictionStrategy", "None");
    vm->domain = gpuvm_kube_at(vm->instance, "domain");
    add_domain(vm);
    gpuvm_kube_cards_add(vm);
    gpuvm_kube_disks_add(vm);
    gpuvm_kube_network_add(vm);
    gpuvm_kube_guest_add(vm);
}

/* The VirtualMachineSpec of the pool that @manifest is to be. */
static JsonObject *
add_pool(gpuvm_kube *kube, gpuvm_kube_manifest *manifest, const char *name,
         const gpuvm_deployment *deployment)
{
    JsonObject *spec = gpuvm_kube_at(manifest->json, "spec");
    gpuvm_mark mark = gpuvm_object_mark(&deployment->body.object, "name");

    for (uint64_t i = 0; i < deployment->replicas; i++) {
        g_autofree char *replica = g_strdup_printf("%s-%" G_GUINT64_FORMAT, name, i);

        gpuvm_kube_claim(kube, "VirtualMachine", replica, &mark);
    }
    json_object_set_int_member(spec, "replicas", (gint64)deployment->replicas);
    json_object_set_string_member(gpuvm_kube_at(spec, "selector.matchLabels"), POOL_LABEL, name);
    json_object_set_string_member(gpuvm_kube_at(spec, "virtualMachineTemplate.metadata.labels"), POOL_LABEL,
                                  name);
    return gpuvm_kube_at(spec, "virtualMachineTemplate.spec");
}

void
gpuvm_kube_add(gpuvm_kube *kube, const gpuvm_spec *spec, const gpuvm_spec *deployment)
{
    gpuvm_mark mark = gpuvm_object_mark(&spec->vm->body.object, "name");
    g_autofree char *name = gpuvm_kube_name(spec->vm->name);
    gpuvm_kube_vm vm = {
        .kube = kube, .spec = spec, .body = &spec->vm->body, .name = name, .pool = deployment != NULL};

    if (!g_str_equal(name, spec->vm->name))
        gpuvm_diag_hint(gpuvm_diags_note(kube->diags, &mark, "'%s' is called %s there", spec->vm->name, name),
                        "names of Kubernetes' have small letters, digits and '-'");
    vm.manifest = gpuvm_kube_manifest_add(kube, deployment ? "pool.kubevirt.io/v1beta1" : "kubevirt.io/v1",
                                          deployment ? "VirtualMachinePool" : "VirtualMachine", name, &mark);
    gpuvm_kube_fields_add(kube, vm.manifest, spec, deployment);
    vm.machine = deployment ? add_pool(kube, vm.manifest, name, deployment->deployment)
                            : gpuvm_kube_at(vm.manifest->json, "spec");
    add_machine(&vm);
}
