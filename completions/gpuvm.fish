# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for gpuvm: asks the program, which knows its commands, options, VMs, devices and kinds of files

function __gpuvm_complete
    set -l words (commandline -opc) (commandline -ct)

    for line in (gpuvm __complete (math (count $words) - 1) $words 2>/dev/null)
        if string match -q \t'*' -- $line
            for file in (__fish_complete_path $words[-1] | string replace -r '\t.*' '')
                for pattern in '*/' (string split ' ' -- (string sub -s 2 -- $line))
                    string match -q -- $pattern $file
                    and printf '%s\n' $file
                    and break
                end
            end
        else
            printf '%s\n' $line
        end
    end
end

complete -c gpuvm -f -a '(__gpuvm_complete)'
