#!/usr/bin/env bash
# Renders all parts with openscad: render.sh DIR writes the STL files to print; render.sh --pictures writes the pictures of this folder's README (needs xvfb).
set -euo pipefail
cd "$(dirname "$0")"
picture() { # picture NAME CAMERA ARGUMENTS…
    xvfb-run -a openscad -q -o "$1.png" --render --imgsize=720,480 --viewall --autocenter --projection=p --colorscheme=Tomorrow --camera="$2" "${@:3}"
}
if [ "${1:-}" = --pictures ]; then
    picture board-box 0,0,0,55,0,35,300 -D 'board="esp32-s3-devkitc-1"' -D 'part="both"' board-box.scad
    picture board-box-pi 0,0,0,55,0,35,300 -D 'board="raspberry-pi-4"' -D 'part="both"' board-box.scad
    picture sensor-cap 0,0,0,65,0,30,200 sensor-cap.scad
    picture din-clip 0,0,0,40,0,150,200 -D 'part="both"' din-clip.scad
    exit
fi
out=$(realpath "${1:?render.sh DIR, or render.sh --pictures}")
mkdir -p "$out"
for board in $(sed -n 's/^    \["\([a-z0-9-]*\)".*/\1/p' boards.scad); do
    for part in box lid; do
        openscad -q -o "$out/$board-$part.stl" -D "board=\"$board\"" -D "part=\"$part\"" board-box.scad
    done
done
openscad -q -o "$out/sensor-cap.stl" sensor-cap.scad
for part in clip plate; do
    openscad -q -o "$out/din-$part.stl" -D "part=\"$part\"" din-clip.scad
done
