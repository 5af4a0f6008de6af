import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { roomsRule } from './scripts/lint/rooms.mjs';

const MAX_LINES = { max: 300, skipBlankLines: true, skipComments: true };

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.data/', 'coverage/', 'test/histories/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { rooms: { rules: { imports: roomsRule } } },
    rules: {
      'rooms/imports': 'error',
      'max-lines': ['error', MAX_LINES],
      eqeqeq: 'error',
      // Texts are searched for control characters on purpose.
      'no-control-regex': 'off',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { arguments: false, attributes: false } },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  { files: ['**/*.test.ts', 'test/**/*.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: nodeGlobals() },
    rules: { eqeqeq: 'error', 'max-lines': ['error', MAX_LINES] },
  },
  { files: ['*.js', 'src/**/*.js'], languageOptions: { sourceType: 'commonjs' } },
);

function nodeGlobals() {
  const names = [
    'process',
    'console',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
  ];
  const web = [
    'fetch',
    'URL',
    'AbortController',
    'AbortSignal',
    'Buffer',
    'TextDecoder',
    'TextEncoder',
    'performance',
  ];
  const commonjs = ['module', 'require', 'exports', '__dirname', '__filename'];
  return Object.fromEntries([...names, ...web, ...commonjs].map((name) => [name, 'readonly']));
}
