from django.urls import path

from fengsui.apps.people.views import accounts, directory, login, own, rights, screens, tokens

app_name = "people"
urlpatterns = [
    path("login/", login.login_page, name="login"),
    path("login/code", login.code_page, name="login-code"),
    path("login/demo", login.login_demo, name="login-demo"),
    path("logout/", login.logout_page, name="logout"),
    path("language/", login.language, name="language"),
    path("me/", own.show, name="me"),
    path("me/password", own.password, name="password"),
    path("me/second-factor", own.factor, name="factor"),
    path("me/sessions/<uuid:session_id>/end", own.session_end, name="session-end"),
    path("me/tokens/", tokens.own, name="token-list"),
    path("me/tokens/<uuid:token_id>/revoke", tokens.own_revoke, name="token-revoke"),
    path("people/tokens/", tokens.everyone, name="token-all"),
    path("people/tokens/<uuid:token_id>/revoke", tokens.revoke, name="token-end"),
    path("wall/screens/", screens.listing, name="screen-list"),
    path("wall/screens/<uuid:screen_id>/revoke", screens.revoke, name="screen-revoke"),
    path("wall/open/", screens.opening, name="screen-open"),
    path("people/", directory.organisations, name="organisation-list"),
    path("people/persons/", directory.persons, name="person-list"),
    path("people/persons.csv", directory.persons_export, name="person-export"),
    path("people/<uuid:person_id>/", directory.person, name="person-show"),
    path("people/<uuid:person_id>/phone", login.reveal, name="person-reveal"),
    path("people/posts/", directory.posts, name="post-list"),
    path("people/posts.csv", directory.posts_export, name="post-export"),
    path("people/posts/<uuid:post_id>/", rights.post, name="post-show"),
    path("people/posts/<uuid:post_id>/assign", rights.assign, name="post-assign"),
    path("people/holdings/<int:holding>/leave", rights.leave, name="holding-leave"),
    path("people/assignments/<uuid:assignment_id>/<slug:verb>", rights.decide, name="assignment-act"),
    path("people/accounts/", accounts.accounts, name="account-list"),
    path("people/accounts.csv", accounts.accounts_export, name="account-export"),
    path("people/accounts/open", accounts.account_open, name="account-open"),
    path("people/accounts/<uuid:account_id>/", accounts.account, name="account-show"),
    path("people/accounts/<uuid:account_id>/<slug:verb>", accounts.account_act, name="account-act"),
]
