// A folder to write into, or one line that says why there is none.

import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Makes the folder where it is missing; throws an error of one line where it cannot be made or written to. */
export function prepareFolder(folder, setting = 'DATA_DIR') {
  const refuse = (why) => {
    throw new Error(`${setting} cannot be ${folder}: ${why}; choose another folder: make demo ${setting}=./data`);
  };
  // One by one: mkdir with `recursive` never returns where a file system takes no folders, such as below /proc.
  for (const part of parts(folder)) {
    const state = statSync(part, { throwIfNoEntry: false });
    if (state?.isDirectory()) continue;
    if (state) refuse(`${part} is a file`);
    try {
      mkdirSync(part);
    } catch (error) {
      if (error.code !== 'EEXIST') refuse(`${part} cannot be made (${error.code})`);
    }
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    refuse(`it cannot be written to (${error.code})`);
  }
}

/** The folder and those above it, the topmost first. */
function parts(folder) {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [...parts(above), folder];
}
