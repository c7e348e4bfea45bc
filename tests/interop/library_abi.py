#!/usr/bin/env python3
"""The public C library as a stranger meets it: its headers, what it exports, and what `meson install` leaves of it."""
import glob
import os
import re
import shutil
import subprocess

import lab as L

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
HEADERS = sorted(glob.glob(f'{TOP}/include/shoal/*.h'))
BUILD = os.path.abspath(L.BIN)
LIBRARY = os.path.join(BUILD, 'src', 'lib', 'libshoal.so')
ARCHIVE = os.path.join(BUILD, 'src', 'lib', 'libshoal.a')
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Werror', '-fsyntax-only']


def said(*argv, **more):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f'{" ".join(argv)}: exit {done.returncode}\n{(done.stdout + done.stderr)[:3000]}'
    return done.stdout


def each_alone(compiler, *how):
    """A header needs no other before it, and may come twice."""
    if not shutil.which(compiler):
        raise L.Skip(f'no {compiler}')
    for path in HEADERS:
        include = f'#include <shoal/{os.path.basename(path)}>\n'
        said(compiler, *how, *STRICT, f'-I{TOP}/include', '-', input=include * 2)


def each_header_alone_is_c11(lab):
    each_alone('cc', '-x', 'c', '-std=c11')


def each_header_alone_is_cpp(lab):
    each_alone('c++', '-x', 'c++', '-std=c++11')
    each_alone('c++', '-x', 'c++', '-std=c++20')


def headers_include_nothing_of_ours_but_each_other(lab):
    for path in HEADERS:
        for name in re.findall(r'^#include [<"]([^">]+)', open(path).read(), re.M):
            assert name.startswith('shoal/') or name in ('stddef.h', 'stdint.h'), f'{path}: {name}'


def declared():
    names = set()
    for path in HEADERS:
        text = re.sub(r'/\*.*?\*/', ' ', open(path).read(), flags=re.S)
        text = re.sub(r'typedef void \w+\([^;]*;', ' ', text)
        names |= set(re.findall(r'\b(shoal_\w+)\s*\([^;{}]*\);', text))
    return names


def symbols(path, *how):
    lines = said('nm', *how, '--defined-only', path).splitlines()
    return {w[-1].split('@')[0] for w in map(str.split, lines) if len(w) == 3 and w[1] in 'TDBRVWi'}


def what_is_exported_is_what_is_declared(lab):
    names = declared()
    assert len(names) > 30, names
    for path, how in ((LIBRARY, '-D'), (ARCHIVE, '-g')):
        assert symbols(path, how) == names, f'{path}: {symbols(path, how) ^ names}'


def what_is_given_in_c_is_what_is_taken_in_cpp(lab):
    """A C++ program links: no name is mangled."""
    if not shutil.which('c++'):
        raise L.Skip('no c++')
    calls = '\n'.join(f'    pointers[n++] = reinterpret_cast<void *>(&{name});' for name in sorted(declared()))
    source = os.path.join(lab.folder('cpp'), 'all.cc')
    with open(source, 'w') as f:
        f.write('#include <shoal/shoal.h>\nint main()\n{\n    void *pointers[200];\n    int n = 0;\n'
                f'{calls}\n    return n == 0 || !pointers[0];\n}}\n')
    said('c++', '-std=c++11', f'-I{TOP}/include', source, '-o', source + '.out', LIBRARY,
         *sanitizers(), f'-Wl,-rpath,{os.path.dirname(LIBRARY)}')
    said(source + '.out')


def sanitizers():
    """What the library was built with, the program must be too."""
    needed = said('readelf', '-d', LIBRARY)
    return [f'-fsanitize={flag}' for lib, flag in (('libasan', 'address'), ('libubsan', 'undefined'), ('libtsan', 'thread')) if lib in needed]


def installed(lab):
    """The library's own files alone, in a folder of this test; gives that and pkg-config's environment."""
    root = lab.folder('root')
    said('meson', 'install', '-C', BUILD, '--no-rebuild', '--tags', 'devel,library', '--destdir', root)
    found = glob.glob(f'{root}/**/shoal.pc', recursive=True)
    assert len(found) == 1, found
    return root, {**os.environ, 'PKG_CONFIG_LIBDIR': os.path.dirname(found[0]), 'PKG_CONFIG_SYSROOT_DIR': root,
                  'PKG_CONFIG_PATH': said('pkg-config', '--variable', 'pc_path', 'pkg-config').strip()}


def it_echoes(lab, root, env, *flags):
    program = os.path.join(root, 'echo')
    said('cc', '-std=c11', '-Wall', '-Wextra', f'{TOP}/examples/echo.c', '-o', program, *flags, *sanitizers())
    p = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=env)
    lab.ends.callback(p.stdout.close)
    lab.ends.callback(L.end, p)
    assert said(program, p.stdout.readline().strip(), 'from afar', env=env) == 'from afar'


def the_example_builds_from_what_is_installed(lab):
    root, env = installed(lab)
    env['LD_LIBRARY_PATH'] = os.path.dirname(glob.glob(f'{root}/**/libshoal.so.0', recursive=True)[0])
    it_echoes(lab, root, env, *said('pkg-config', '--cflags', '--libs', 'shoal', env=env).split())


def the_example_builds_with_the_static_library_alone(lab):
    root, env = installed(lab)
    for path in glob.glob(f'{root}/**/libshoal.so*', recursive=True):
        os.remove(path)
    it_echoes(lab, root, env, *said('pkg-config', '--static', '--cflags', '--libs', 'shoal', env=env).split())


def the_example_is_a_page_and_stands_in_the_document(lab):
    with open(f'{TOP}/examples/echo.c') as f:
        text = f.read()
    assert len(text.splitlines()) <= 60
    assert re.findall(r'#include "', text) == []
    with open(f'{TOP}/doc/LIBRARY.md') as f:
        assert f'```c\n{text}```' in f.read(), 'doc/LIBRARY.md shows another examples/echo.c'


if __name__ == '__main__':
    L.main(each_header_alone_is_c11, each_header_alone_is_cpp, headers_include_nothing_of_ours_but_each_other,
           what_is_exported_is_what_is_declared, what_is_given_in_c_is_what_is_taken_in_cpp,
           the_example_builds_from_what_is_installed, the_example_builds_with_the_static_library_alone,
           the_example_is_a_page_and_stands_in_the_document)
