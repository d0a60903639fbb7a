#!/usr/bin/env bun
/** Arguments and environment in, exit code out: the only file that ends the process. */
import { runCommandLine } from './cli/cli.ts'

process.exit(
  await runCommandLine(process.argv.slice(2), process.env, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  }),
)
