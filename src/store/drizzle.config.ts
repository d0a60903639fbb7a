/** For drizzle-kit, which writes a new migration from the schema: `bun run migration`. */
export default {
  dialect: 'sqlite',
  schema: './src/store/schema',
  out: './src/store/migrations',
}
