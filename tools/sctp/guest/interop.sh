#!/bin/bash
# dummy link test
. "$TOP/tools/sctp/guest/lib.sh"
ip link; ip addr add 192.0.2.$1/24 dev eth0; ip addr add 2001:db8::$1/64 dev eth0 nodad; ip link set eth0 up
touch $SHARED/up.$1
wait_for 60 test -e $SHARED/up.1 
wait_for 60 test -e $SHARED/up.2
if [ $1 = 1 ]; then stdbuf -oL sctp_darn -H 192.0.2.1 -P 5000 -l > /tmp/o 2>&1 & wait_for 20 grep listening /tmp/o; touch $SHARED/ready; wait_for 60 grep SHUTDOWN_COMP /tmp/o; cat /tmp/o
else wait_for 60 test -e $SHARED/ready; echo 'hello there' | sctp_darn -H 192.0.2.2 -P 5000 -h 192.0.2.1 -p 5000 -s
fi
