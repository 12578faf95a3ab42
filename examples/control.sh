#!/bin/sh
# A dialler's test in shell: curl says what the carrier is to do, and judges what it has seen.
#
#   simcarrier run scenarios/answered.yaml --listen udp:127.0.0.1:0 --control 127.0.0.1:0 --exec 'sh examples/control.sh'
#
# DIALLER is the dialler, called with a number. curl -f makes whatever is refused or unmet a failure of the script.
set -eu
api=$SIMCARRIER_CONTROL/v1
dialler=${DIALLER:-python examples/dial.py}

ask() { # METHOD PATH [JSON]
    curl -fsS -X "$1" "$api/$2" ${3:+-H "Content-Type: application/json" -d "$3"} -o /dev/null
}

ask POST reset
ask POST rules '{"name": "busy", "to": "+49*", "respond": 486}'
$dialler +498912345678
ask GET 'wait?rule=busy&state=ended&timeout=5s'
ask GET 'verify?code=486&exactly=1'
echo "a busy number was called once"

ask POST reset
ask PUT conditions/lines_full '{"to": "+49*"}'
$dialler +498912345678
ask GET 'verify?condition=lines_full&exactly=1'
ask DELETE conditions/lines_full
echo "full lines were met once"
