# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of `gpuvm export pacemaker` share: CIBs without a cluster, what they say, and where Pacemaker's scheduler places VMs.

Run as a program: cib.py empty prints a CIB; normal FILE what one says, whatever its ids and its order are; place FILE, which VMs wait.
"""
import collections
import hashlib
import subprocess
import sys
import xml.etree.ElementTree as ET

GPU = "gpu_10de_2330"
CAPACITY = {GPU: 8, "memory_mb": 2097152, "cpu": 192}
NAMED = "primitive", "clone", "rsc_location"


def empty(nodes):
    """A CIB of so many nodes that are online, with fencing; what each has is published. It has a property and a resource of others."""
    names = [f"node{n}" for n in range(1, nodes + 1)]
    capacity = "".join('<nvpair id="{0}-%s" name="%s" value="%d"/>' % (name, name, value) for name, value in CAPACITY.items())
    listed = "".join(f'<node id="{n}" uname="{name}"><utilization id="{name}-utilization">{capacity.format(name)}</utilization></node>'
                     for n, name in enumerate(names, 1))
    states = "".join(f'<node_state id="{n}" uname="{name}" in_ccm="true" crmd="online" join="member" expected="member">'
                     f'<lrm id="{n}"><lrm_resources/></lrm></node_state>' for n, name in enumerate(names, 1))
    return (f'<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.7" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" '
            f'dc-uuid="1"><configuration><crm_config><cluster_property_set id="cib-bootstrap-options">'
            f'<nvpair id="cib-bootstrap-options-stonith-timeout" name="stonith-timeout" value="90s"/></cluster_property_set></crm_config>'
            f'<nodes>{listed}</nodes><resources><primitive id="fence" class="stonith" type="fence_ipmilan"/></resources><constraints/>'
            f'</configuration><status>{states}</status></cib>')


def normal(file):
    """Lines of what the CIB says of properties, resources and constraints."""
    lines = []

    def walk(element, path):
        attributes = {k: v for k, v in element.attrib.items()  # but for ids, and what is so anyway
                      if k != "id" and (k, v) != ("boolean-op", "and") and not (element.tag == "op" and v == "0s")}
        path += "/" + element.tag + (" " + element.get("id") if element.tag in NAMED else "")
        path += f"[{attributes.pop('name')}]" if "name" in attributes else ""
        if attributes or element.tag in NAMED:
            lines.append(f"{path} {sorted(attributes.items())}")
        for child in element:
            if isinstance(child.tag, str):
                walk(child, path)

    for section in ET.parse(file).find("configuration"):
        if section.tag != "nodes":
            walk(section, "")
    return sorted(lines)


def wanted(file):
    """What the CIB's VMs want: {instance: {attribute: number}}; of a clone, each instance "NAME:I"."""
    vms = {}
    for primitive in ET.parse(file).iter("primitive"):
        if primitive.get("type") == "vm":
            vms[primitive.get("id")] = {p.get("name"): int(p.get("value")) for p in primitive.iterfind("utilization/nvpair")}
    for clone in ET.parse(file).iter("clone"):
        most = [int(p.get("value")) for p in clone.iter("nvpair") if p.get("name") == "clone-max"]
        if most:
            wants = vms.pop(clone.find("primitive").get("id"))
            vms.update({f"{clone.find('primitive').get('id')}:{i}": wants for i in range(most[0])})
    return vms


def digest(parameters):
    """Of an operation's parameters, by which Pacemaker finds out whether they were changed since."""
    written = "".join(f' {name}="{value}"' for name, value in sorted(parameters.items()))
    return hashlib.md5(f" <parameters{written}/>\n".encode()).hexdigest()


def operation(name, task, interval, rc, parameters):
    key = f"{name}_{task}_{interval}"
    transition = f"1:1:{rc}:00000000-0000-0000-0000-000000000000"
    return ET.Element("lrm_rsc_op", {
        "id": key, "operation_key": key, "operation": task, "crm_feature_set": "3.16.1", "transition-key": transition,
        "transition-magic": f"0:{rc};{transition}", "call-id": "2" if interval else "1", "rc-code": str(rc), "op-status": "0",
        "interval": str(interval), "op-digest": digest(parameters)})


def remember(file, where, vms, lost=None):
    """Has the CIB's nodes remember that VMs are @where, and that all were looked for everywhere; @lost lost its power."""
    tree = ET.parse(file)
    parameters = {primitive.get("id"): {p.get("name"): p.get("value") for p in primitive.iterfind("instance_attributes/nvpair")}
                  for primitive in tree.iter("primitive")}
    for state in tree.iter("node_state"):
        name, resources = state.get("uname"), state.find("lrm/lrm_resources")
        resources.clear()
        if name == lost:
            state.attrib.update(in_ccm="false", crmd="offline", join="down")
        for vm in vms:
            runs = where.get(vm) == name
            resource = ET.SubElement(resources, "lrm_resource", {"id": vm, "type": "vm", "class": "ocf", "provider": "gpuvm"})
            own = parameters[vm.partition(":")[0]]
            if runs:
                resource.append(operation(vm, "start", 0, 0, own))
                resource.append(operation(vm, "monitor", 10000, 0, own | {"CRM_meta_timeout": "30000"}))
            else:
                resource.append(operation(vm, "monitor", 0, 7, own))
    tree.write(file)


def place(file, where, vms):
    """Where the VMs are when what the scheduler decides was carried out: {instance: node}; they are @where before."""
    decided = subprocess.run(("crm_simulate", "-x", file, "-R", "--output-as=xml"), check=True, stdout=subprocess.PIPE).stdout
    after = dict(where)
    for action in ET.fromstring(decided).iter("rsc_action"):
        name, node = action.get("resource"), action.get("dest") or action.get("node")
        assert action.get("action") in ("start", "stop", "move"), f"{name}: {action.get('action')}"
        if action.get("action") == "stop":
            after.pop(name, None)
        elif name in vms:
            after[name] = node
    return after


def usage(where, vms):
    used = collections.defaultdict(collections.Counter)
    for name, node in where.items():
        used[node].update(vms[name])
    return used


def check(where, vms):
    """That no node has more than it can; returns the VMs that are nowhere."""
    for node, counts in usage(where, vms).items():
        for attribute, count in counts.items():
            assert count <= CAPACITY[attribute], f"{node} has {count} {attribute}"
    return sorted(set(vms) - set(where))


def fits(wants, where, vms, nodes):
    """Whether one of @nodes has room for another VM."""
    used = usage(where, vms)
    return any(all(used[node][name] + count <= CAPACITY[name] for name, count in wants.items()) for node in nodes)


if __name__ == "__main__":
    if sys.argv[1] == "empty":
        print(empty(3))
    elif sys.argv[1] == "normal":
        print("\n".join(normal(sys.argv[2])))
    else:
        VMS = wanted(sys.argv[2])
        print("\n".join(f"{name} waits" for name in check(place(sys.argv[2], {}, VMS), VMS)), end="")
