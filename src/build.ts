/**
 * Builds one executable with everything inside: `bun run build [--target PLATFORM] [--outfile FILE]`.
 * Platforms are those of Bun, such as linux-x64, linux-x64-baseline, linux-arm64-musl, darwin-arm64, windows-x64.
 */
import { parseArgs } from 'node:util'
import { bundle } from './dashboard/bundle.ts'
import { VERSION } from './version.ts'

const TARGET = /^(linux|darwin|windows)-(x64|arm64)(-(baseline|modern))?(-musl)?$/

async function build(): Promise<void> {
  const { target, outfile } = readArguments()
  const platform = target?.replace(/^bun-/, '')
  if (platform !== undefined && !TARGET.test(platform)) {
    throw new Error(
      `unknown target ${platform}; try linux-x64, linux-arm64-musl, darwin-arm64 or windows-x64`,
    )
  }
  const file = outfile ?? (platform === undefined ? 'dist/latchkey' : `dist/latchkey-${platform}`)
  await Bun.build({
    // The second is the code of a thread, which is started by its own name.
    entrypoints: ['src/main.ts', 'src/store/ledger/checkpoint-worker.ts'],
    // Names stay, so that the stack of a bug report can be read.
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: 'none',
    bytecode: true,
    format: 'esm',
    plugins: [await builtDashboard()],
    compile: {
      outfile: file,
      ...(platform !== undefined && { target: `bun-${platform}` as Bun.Build.CompileTarget }),
      // Otherwise files that happen to lie in the folder it is run from could change what it does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  })
  process.stdout.write(`Built latchkey ${VERSION}: ${file}\n`)
}

/** Puts the scripts and styles of the dashboard into the executable, in the place of the module that builds them. */
async function builtDashboard(): Promise<Bun.BunPlugin> {
  const built = JSON.stringify(await bundle())
  return {
    name: 'built dashboard',
    setup: (bundler) => {
      bundler.onLoad({ filter: /[/\\]dashboard[/\\]bundle\.ts$/ }, () => ({
        contents: `export const bundle = () => Promise.resolve(${built})`,
        loader: 'js',
      }))
    },
  }
}

function readArguments(): { target?: string; outfile?: string } {
  const { values } = parseArgs({
    options: { target: { type: 'string' }, outfile: { type: 'string' } },
  })
  return values
}

try {
  await build()
} catch (error) {
  process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
