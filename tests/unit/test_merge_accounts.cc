// The accounts of old files in new ones.
#include <gtest/gtest.h>

#include "manage/merge_accounts.hh"

namespace vps {

namespace {

TEST(MergeAccounts, OldAccountsStay) {
    EXPECT_EQ(merge_accounts(AccountFile::Passwd,
                             "root:x:0:0:root:/root:/bin/zsh\n"
                             "alice:x:1000:1000::/home/alice:/bin/sh\n"
                             "web:x:33:33::/srv:/bin/sh\n",
                             "root:x:0:0:root:/root:/bin/bash\n"
                             "web:x:99:99::/var/www:/bin/false\n"
                             "sshd:x:101:65534::/run/sshd:/bin/false\n"),
              "root:x:0:0:root:/root:/bin/zsh\n"
              "web:x:99:99::/var/www:/bin/false\n"
              "sshd:x:101:65534::/run/sshd:/bin/false\n"
              "alice:x:1000:1000::/home/alice:/bin/sh\n");
    EXPECT_EQ(merge_accounts(AccountFile::Shadow, "root:$y$old:1:0:99999:7:::\nalice:!:2::::::\n",
                             "root:*:3:0:99999:7:::\n"),
              "root:$y$old:1:0:99999:7:::\nalice:!:2::::::\n");
    EXPECT_EQ(merge_accounts(AccountFile::Group, "sudo:x:27:alice\nalice:x:1000:\n",
                             "sudo:x:27:\nadm:x:4:\n"),
              "sudo:x:27:alice\nadm:x:4:\nalice:x:1000:\n");
}

TEST(MergeAccounts, LinesOfOtherFormAreTheNewText) {
    EXPECT_EQ(merge_accounts(AccountFile::Passwd, "", "# a\n\n+::::::\nroot"),
              "# a\n\n+::::::\nroot\n");
    EXPECT_EQ(merge_accounts(AccountFile::Passwd, "# b\n:x:0:0\nroot\n+@net::::::\n", ""), "");
    // Of two entries with one name the first counts, as getpwnam(3) reads them.
    EXPECT_EQ(merge_accounts(AccountFile::Passwd, "a:x:1:\na:x:2:\n", "a:x:1:new\n"), "a:x:1:\n");
}

}  // namespace

}  // namespace vps
