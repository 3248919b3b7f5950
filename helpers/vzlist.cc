// vzlist: lists VPSes in the words, columns and codes of OpenVZ's. Reads files only: nothing is
// asked of PID 1.
#include "list/vzlist.hh"

int main(int argc, char** argv) {
    return vps::run_list_program("vzlist", [&] { return vps::answer_list(argc, argv); });
}
