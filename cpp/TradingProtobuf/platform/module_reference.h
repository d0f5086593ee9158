#pragma once

namespace tpb {

// Keeps the library that holds this code loaded. A thread of ours that outlived the code it runs
// would take the terminal down; with a reference held, FreeLibrary without a close is harmless.
class ModuleReference {
 public:
  ModuleReference();
  ~ModuleReference();
  ModuleReference(const ModuleReference&) = delete;
  ModuleReference& operator=(const ModuleReference&) = delete;

 private:
  void* module_ = nullptr;
};

}  // namespace tpb
