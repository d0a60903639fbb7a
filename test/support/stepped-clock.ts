/** The clock of the machine as one process sees it, set while it runs by libfaketime (https://github.com/wolfcw/libfaketime). */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class SteppedClock {
  /** What the process has to be started with. */
  readonly environment: Record<string, string>
  readonly #file: string

  private constructor(library: string, folder: string) {
    this.#file = join(folder, 'clock')
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      // As on a machine whose date is set: only that changes, and not the time that passes.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    }
    this.set(0)
  }

  /**
   * @param folder where it writes how the clock is set
   * @returns undefined where the library is not installed
   */
  static in(folder: string): SteppedClock | undefined {
    const library = find()
    return library === undefined ? undefined : new SteppedClock(library, folder)
  }

  /** @param seconds by which it is ahead of that of the machine */
  set(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}s`)
  }
}

/** Paths of the library on Debian and Alpine, Fedora, and Arch. */
function find(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folders = ['/usr/lib', '/usr/lib64', ...folderNames('/usr/lib')]
  return folders
    .map((folder) => join(folder, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path))
}

function folderNames(parent: string): string[] {
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name))
}
