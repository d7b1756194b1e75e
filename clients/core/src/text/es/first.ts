/** Español: what every page says. */
import type { Part } from '../en.ts';

export const first: Part<'first'> = {
  'app.name': 'Bedside',
  'app.skip': 'Ir al contenido',
  'app.private': 'El sonido y la imagen pasan solo por este servidor.',
  'app.menu': 'Menú',
  'app.language': 'Idioma',
  'app.offline': 'No tiene conexión. Lo que ve puede no estar al día.',
  'app.loading': 'Cargando…',

  'nav.home': 'Inicio',
  'nav.find': 'Buscar un médico',
  'nav.appointments': 'Mis citas',
  'nav.profile': 'Perfil',
  'nav.account': 'Cuenta',
  'nav.today': 'Hoy',
  'nav.hours': 'Horario',
  'nav.staff': 'Equipo',
  'nav.signIn': 'Iniciar sesión',
  'nav.signOut': 'Cerrar sesión',
  'nav.register': 'Crear una cuenta',
  'nav.signOutTitle': 'Hay una nota sin guardar',
  'nav.signOutText':
    'Si cierra la sesión ahora, pierde lo último que escribió. Quédese y guárdelo primero.',
  'nav.signOutAnyway': 'Cerrar sesión de todos modos',
  'nav.records': 'Notas y recetas',
  'nav.clinic': 'Clínica',

  'common.back': 'Volver',
  'common.cancel': 'Cancelar',
  'common.close': 'Cerrar',
  'common.continue': 'Continuar',
  'common.done': 'Listo',
  'common.edit': 'Editar',
  'common.save': 'Guardar',
  'common.saved': 'Guardado',
  'common.remove': 'Quitar',
  'common.add': 'Añadir',
  'common.more': 'Mostrar más',
  'common.tryAgain': 'Reintentar',
  'common.reload': 'Recargar',
  'common.yes': 'Sí',
  'common.no': 'No',
  'common.optional': 'opcional',
  'common.any': 'Cualquiera',
  'common.dismiss': 'Descartar',
  'common.copy': 'Copiar',
  'common.copied': 'Copiado',
  'common.minutes': { one: '{count} minuto', other: '{count} minutos' },
  'common.you': 'Usted',
  'common.name': '{name}',
  'common.unknown': 'Desconocido',
  'common.from': 'Desde',
  'common.to': 'Hasta',
  'common.tooLong': {
    one: 'Sobra un carácter. Acórtelo: no se recorta nada y aún no se guarda.',
    other: 'Sobran {count} caracteres. Acórtelo: no se recorta nada y aún no se guarda.',
  },

  'error.title': 'Algo ha fallado',
  'error.crashed': 'Esta página se ha detenido. Recárguela para volver adonde estaba.',
  'error.offline':
    'No se puede llegar al servidor. Compruebe su conexión a Internet y vuelva a intentarlo.',
  'error.internal':
    'Algo ha fallado por nuestra parte. No es culpa suya; inténtelo de nuevo en un minuto.',
  'error.unavailable': 'El servidor está ocupado. Inténtelo de nuevo en un momento.',
  'error.not-signed-in': 'Su sesión está cerrada. Inicie sesión para seguir.',
  'error.credentials':
    'Este correo y esta contraseña no coinciden. Compruébelos o pida un enlace por correo.',
  'error.link': 'Este enlace ya no funciona. Pida uno nuevo.',
  'error.exists': 'Ya existe.',
  'error.too-often': 'Demasiados intentos. Espere {wait} y vuelva a intentarlo.',
  'error.second-factor':
    'Para esto hace falta un segundo factor: una llave de acceso o una aplicación de autenticación.',
  'error.step-up':
    'Confirme que es usted: escriba otra vez su contraseña, o un código si entra con uno.',
  'error.forbidden': 'Su cuenta no puede hacer esto. Pregunte a su clínica si cree que debería.',
  'error.not-found': 'No existe, o usted no puede verlo.',
  'error.stale': 'Alguien lo ha cambiado entretanto. Mírelo otra vez y repita su cambio.',
  'error.invalid': 'Algo no encaja: {detail}',
  'error.slot-taken': 'Alguien fue más rápido: esta hora está ocupada. Elija otra.',
  'error.slot-refused': 'Esta hora ya no se puede reservar. Elija otra.',
  'error.hold-expired': 'Le guardamos la hora un rato y vuelve a estar libre. Elíjala otra vez.',
  'error.not-possible': 'Ahora no es posible. Recargue para ver cómo están las cosas.',
  'error.other': 'No ha funcionado ({detail}). Inténtelo de nuevo.',
  'error.passkey': 'No se ha usado la llave de acceso. Inténtelo de nuevo o entre de otra forma.',

  'notFound.title': 'Aquí no hay nada',
  'notFound.text': 'Quizá la dirección está mal escrita, o la página se ha movido.',

  'home.title': 'Vea a su médico desde donde esté',
  'home.lead': 'Reserve una consulta, compruebe su cámara y hable por vídeo. Sin instalar nada.',
  'home.haveLink': '¿Tiene un enlace?',
  'home.haveLinkText': 'Ábralo desde su mensaje y ya está dentro: no necesita cuenta.',
  'home.clinicPhone': 'Llamar a la clínica: {phone}',
  'home.steps': 'Cómo funciona',
  'home.step1': 'Elija un médico y una hora',
  'home.step2': 'Compruebe su cámara y micrófono',
  'home.step3': 'Espere aquí: el médico le hace pasar',

  'signIn.password': 'Contraseña',

  'register.given': 'Nombre',
  'register.family': 'Apellidos',

  'slots.clinicTime': '{time} en la clínica',

  'account.confirmIdentity': 'Confirme que es usted',
  'account.secondFactorNeeded':
    'El equipo necesita un segundo factor. Añada una llave de acceso o una aplicación de autenticación y entre con ella.',

  'join.noLink': 'Entrar en una consulta',

  'staff.name': 'Nombre',

  'audit.when': 'Cuándo',
  'audit.who': 'Quién',
  'note.title': 'Nota clínica',
  'records.title': 'Lo que se escribió',
};
