/* shoal-faces - prints the method tables as JSON; run by the build. */
#include "node/faces.h"

#include <stdio.h>

int main(void)
{
    json_t *faces = faces_json();
    int bad = json_dumpf(faces, stdout, JSON_INDENT(1)) != 0;
    json_decref(faces);
    return bad;
}
