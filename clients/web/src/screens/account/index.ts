/** Signing in, registering and the own account: one chunk. */
export { AccountScreen } from './account-screen.tsx';
export { ConsentScreen } from './consent-screen.tsx';
export { InvitationScreen } from './invitation-screen.tsx';
export { NewPasswordScreen } from './new-password-screen.tsx';
export { ProviderScreen } from './provider-screen.tsx';
export { RegisterScreen } from './register-screen.tsx';
export { SignInScreen } from './sign-in-screen.tsx';
export { VerifyEmailScreen } from './verify-email-screen.tsx';
