/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostdevxml.h: the part of a domain's XML that has to do with passed devices
 */
#pragma once

#include "base/xml.h"
#include "model/plan.h"

/** libvirt's extension for what it has no words for, on the command line of QEMU: see drvqemu.html. */
#define GPUVM_QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

/** What a domain may say in it: an argument of -fw_cfg, with a number of MiB behind it, and a property of a hostdev. */
#define GPUVM_OVMF_WINDOW "name=opt/ovmf/X-PciMmio64Mb,string="
#define GPUVM_QEMU_CLIQUE "x-nv-gpudirect-clique"

/** The controllers that @plan's functions are behind. */
void gpuvm_hostdevxml_controllers(const gpuvm_plan *plan, xmlNode *devices);

/** The functions. */
void gpuvm_hostdevxml_functions(const gpuvm_plan *plan, xmlNode *devices);

/** Elements of QEMU's own, the last of @domain. */
void gpuvm_hostdevxml_qemu(const gpuvm_plan *plan, xmlNode *domain);
