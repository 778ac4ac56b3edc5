/** Builds the web app. In development the signaling server runs beside it, and Vite passes its requests on. */
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

const REACT = /node_modules\/(react|react-dom|scheduler)\//
const signalingServer = `http://127.0.0.1:${process.env['SIGNALING_PORT'] ?? '8080'}`

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@hyphae/source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    sourcemap: true,
    // React changes seldom: a file of its own stays in browsers' caches when the app changes.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'react', test: REACT }] } } },
  },
  server: {
    proxy: {
      '/signal': { target: signalingServer, ws: true },
      '/healthz': { target: signalingServer },
    },
  },
})
