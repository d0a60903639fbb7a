#!/usr/bin/env bun
/** Arguments and environment in, exit code out: the only file that ends the process. */
import { runCommandLine } from './cli/cli.ts'
import { processStreams } from './cli/streams.ts'

process.exit(
  await runCommandLine(
    process.argv.slice(2),
    process.env,
    processStreams(process.stdout, process.stderr),
  ),
)
