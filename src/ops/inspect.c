/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/inspect.h"

#include "core/admit.h"

const char *
gpuvm_inspect_unseen(gpuvm_session *session)
{
    return gpuvm_admit_unseen(session->facts, &session->policies, session->diags);
}

char *
gpuvm_inspect_why_not(gpuvm_session *session, const gpuvm_device *device)
{
    const gpuvm_admission admission = {
        .occasion = GPUVM_SHOW, .domain = "", .facts = session->facts, .policies = &session->policies};

    return gpuvm_admit_why_not(&admission, device);
}
