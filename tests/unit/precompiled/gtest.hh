// The headers that every unit test includes, compiled once a program.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>
