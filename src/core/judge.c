/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/judge.h"

#include "core/admit.h"
#include "core/bounds.h"
#include "core/guestcheck.h"
#include "core/place.h"

void
gpuvm_judge_start(const gpuvm_start_question *question, gpuvm_diags *diags)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    const gpuvm_guest_question of_guest = {.occasion = GPUVM_START,
                                           .guest = question->guest,
                                           .domain = question->claim->domain,
                                           .functions = functions,
                                           .record = question->record,
                                           .pool_path = question->pool_path,
                                           .facts = question->facts,
                                           .policies = question->policies,
                                           .diags = diags};

    if (question->record)
        gpuvm_bounds_check(xmlDocGetRootElement(question->guest->doc), GPUVM_BOUNDS_DOMAIN,
                           question->claim->domain, question->former_name, NULL, diags);
    gpuvm_admit_start(question->facts, question->policies, question->claim, question->record, functions,
                      diags);
    if (question->record)
        gpuvm_place_check_pins(question->claim, question->facts, diags);
    if (question->record)
        gpuvm_guest_check(&of_guest);
    else
        gpuvm_guest_check_foreign(&of_guest);
}
