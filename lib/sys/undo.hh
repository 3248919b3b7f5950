// Undoes a step when its scope is left before the step was kept, whatever exception passes by:
//     Undo remove([&] { (void)unlink(path.c_str()); });
//     …
//     remove.keep();
#pragma once

#include <utility>

namespace vps {

template <typename Step>
class [[nodiscard]] Undo {
  public:
    explicit Undo(Step step) : step_(std::move(step)) {}
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;
    ~Undo() {
        if (kept_)
            return;
        try {
            step_();
        } catch (...) {
            // The step itself has told its failure; the exception that passes by is the cause.
        }
    }

    void keep() noexcept { kept_ = true; }

  private:
    Step step_;
    bool kept_ = false;
};

}  // namespace vps
