# machine: default
t() { local s=$(date +%s%N); "$@" >/tmp/o 2>&1; local r=$?; echo "# $(( ($(date +%s%N)-s)/1000000 )) ms rc $r: $*"; }
t gpuvm --version
vm a 02:00
t gpuvm plan a.yaml
t gpuvm devices
t gpuvm define a.yaml
t gpuvm start a
t report a
t gpuvm stop a
t gpuvm start a
t report a
t gpuvm stop a
t gpuvm undefine a
ls -l /var/cache/libvirt/qemu/capabilities
