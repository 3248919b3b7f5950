#!/bin/sh
# What a start executes needs libc and nothing else before its main(): each library more delays it.
status=0
for program; do
    needed=$(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }' | grep -v '^ld-linux' | tr '\n' ' ')
    [ "$needed" = "libc.so.6 " ] || { echo "$program needs $needed"; status=1; }
done
exit $status
