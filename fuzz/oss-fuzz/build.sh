#!/bin/bash -eu
# build.sh: builds the fuzz targets for OSS-Fuzz and ClusterFuzzLite, which set CC, CFLAGS, CXX, CXXFLAGS,
# LIB_FUZZING_ENGINE, SRC, WORK and OUT. Leaves each target, its seeds and its options in OUT. Libraries are linked in,
# because the machine that executes the targets may lack them. WARN is empty, so that a new compiler's warnings stop nothing.
cd "$SRC/miou"
export CC CFLAGS CXX CXXFLAGS LIB_FUZZING_ENGINE
built=${WORK:-/tmp}/miou

make -j"$(nproc)" B="$built" WARN= ENGINE= LINK='$(CXX) $(CXXFLAGS) -pthread -o $@ $(LIB_FUZZING_ENGINE)' fuzz-targets
rm -rf "$built/seeds"
fuzz/targets/seeds "$built/seeds"

for source in fuzz/targets/fuzz_*.c; do
    target=$(basename "$source" .c)
    cp "$built/$target" "$OUT/"
    cp fuzz/oss-fuzz/options "$OUT/$target.options"
    find fuzz/regressions -name "$target-*" -exec cp -t "$built/seeds/$target" {} +
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "$built/seeds/$target" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
done
