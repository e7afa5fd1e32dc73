#!/bin/bash -eu
# build.sh: what OSS-Fuzz and ClusterFuzzLite run. It takes CC, CFLAGS, CXX, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, WORK and
# leaves in OUT each fuzz target, its seeds and its options. Libraries are linked in: what runs them has none of ours.
# A new compiler's new warnings are for people, not for campaigns: WARN is empty.
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
