// A cap over a BME280 or DHT22 module: air comes through the gills, rain and light do not; the cable leaves below. Prints as it stands, without support.
//   openscad -o cap.stl sensor-cap.scad

sensor_x = 28;       // room for the module: DHT22 on its board is the largest, 28 x 15 x 10
sensor_y = 16;
sensor_z = 32;
wall = 1.6;
gill = 2;            // height of a gill
pitch = 5;           // from gill to gill
cable = 4;
screw = 3.2;         // ears for two M3 screws
$fn = 32;

outer_x = sensor_x + 2 * wall;
outer_y = sensor_y + 2 * wall;
outer_z = sensor_z + wall;

module shell() {
    difference() {
        linear_extrude(outer_z) offset(3) offset(-3) square([outer_x, outer_y]);
        translate([wall, wall, -1]) linear_extrude(sensor_z + 1) offset(1.5) offset(-1.5) square([sensor_x, sensor_y]);
    }
}

// Gills rise inwards at 45 degrees: what falls from above meets plastic.
module gills() {
    rows = floor((sensor_z - 12) / pitch);
    for (i = [0 : rows - 1])
        translate([wall + 3, 0, 8 + i * pitch])
            for (side = [0, 1])
                translate([0, side * outer_y, 0]) mirror([0, side, 0])
                    rotate([90, 0, 90]) linear_extrude(sensor_x - 6)
                        polygon([[-1, -1], [-1, gill - 1], [wall + 1, gill + wall + 1], [wall + 1, wall + 1]]);
}

module ears() {
    for (x = [-8, outer_x - 3])
        translate([x, outer_y / 2 - 5, 0]) difference() {
            cube([11, 10, 3]);
            translate([x < 0 ? 4 : 7, 5, -1]) cylinder(d = screw, h = 5);
        }
}

difference() {
    union() {
        shell();
        difference() {
            ears();
            translate([wall, wall, -1]) cube([sensor_x, sensor_y, 6]);
        }
    }
    gills();
    translate([outer_x / 2, outer_y / 2, cable / 2 + 1.5]) rotate([-90, 0, 0]) cylinder(d = cable, h = outer_y);
}
